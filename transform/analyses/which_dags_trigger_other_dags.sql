-- Which DAGs triggered runs of which other DAGs, how often, and when last?
select
    triggering_runs.environment_slug,
    triggering_runs.dag_id as triggering_dag_id,
    dag_runs.dag_id as triggered_dag_id,
    count(*) as run_count,
    max(dag_runs.queued_at) as last_triggered_at
from {{ ref("fct_dag_runs") }} as dag_runs
inner join {{ ref("fct_dag_runs") }} as triggering_runs
    on dag_runs.triggering_dag_run_key = triggering_runs.dag_run_key
group by triggering_runs.environment_slug, triggering_runs.dag_id, dag_runs.dag_id
order by triggering_runs.environment_slug, triggering_dag_id, triggered_dag_id
