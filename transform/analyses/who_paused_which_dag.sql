-- Who paused or unpaused which DAG: a person, or the scheduler after too many failures?
select
    environment_slug,
    logged_at,
    dag_id,
    action,
    actor_kind,
    actor_name
from {{ ref("fct_audit_events") }}
where action in ('pause', 'unpause')
order by logged_at desc
