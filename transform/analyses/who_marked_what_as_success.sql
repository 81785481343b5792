-- Who marked runs or tasks as success by hand, and which?
select
    environment_slug,
    logged_at,
    actor_kind,
    actor_name,
    object_type,
    dag_id,
    run_id,
    task_id
from {{ ref("fct_manual_interventions") }}
where new_state = 'success'
order by logged_at desc
