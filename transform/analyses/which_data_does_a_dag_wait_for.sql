-- Which DAGs hold updates of some of their data and wait for the rest, since when?
select
    environment_slug,
    dag_id,
    asset_name,
    dag_waits_since_at,
    last_updated_at,
    round(waited_seconds / 3600, 1) as waited_hours
from {{ ref("rpt_asset_waits") }}
where is_update_missing and dag_waits_since_at is not null
order by dag_waits_since_at, environment_slug, dag_id, asset_name
