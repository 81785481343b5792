-- Who paused, unpaused or drained which DAG: a person, or the scheduler after failures?
select
    environment_slug,
    logged_at,
    coalesce(dag_id, listed_dag_ids) as dag_id,
    action,
    actor_kind,
    actor_name
from {{ ref("fct_audit_events") }}
where action in ('pause', 'unpause', 'drain')
order by logged_at desc
