-- Who paused, unpaused or drained which DAG: a person, or the scheduler after failures?
-- `changed` is what Airflow 3.0 noted the same for a pause as for its end.
select
    environment_slug,
    logged_at,
    coalesce(dag_id, listed_dag_ids) as dag_id,
    action,
    actor_kind,
    actor_name
from {{ ref("fct_audit_events") }}
where
    action in ('pause', 'unpause', 'drain')
    or (action = 'changed' and object_type = 'dag')
order by logged_at desc
