-- Who deleted what? Not: the clean-ups of Airflow's database.
select
    environment_slug,
    logged_at,
    actor_kind,
    actor_name,
    event_name,
    object_type,
    dag_id,
    run_id,
    task_id
from {{ ref("fct_audit_events") }}
where action = 'delete' and object_type <> 'database' and actor_kind <> 'system'
order by logged_at desc
