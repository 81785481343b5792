-- Which DAGs wait for which data, and which tasks make it?
select
    environment_slug,
    asset_name,
    producer_dag_id,
    producer_task_id,
    consumer_dag_id
from {{ ref("bridge_asset_lineage") }}
where
    not is_deleted_at_source
    and producer_dag_id is not null
    and consumer_dag_id is not null
order by environment_slug, asset_name, producer_dag_id, consumer_dag_id
