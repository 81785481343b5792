-- Which update of which data triggered this run, and who made it?
-- Put another DAG in the place of customer_360; its newest runs come first.
select
    environment_slug,
    run_id,
    asset_name,
    source_dag_id,
    source_run_id,
    source_task_id,
    occurred_at,
    is_latest_event,
    start_delay_seconds
from {{ ref("fct_asset_event_runs") }}
where dag_id = 'customer_360'
order by run_started_at desc, occurred_at desc
limit 20
