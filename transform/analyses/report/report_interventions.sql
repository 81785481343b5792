-- Who intervened in which runs, tasks and DAGs?
select
    environment_slug,
    logged_at,
    actor_name,
    action,
    object_type,
    dag_id,
    run_id,
    task_id,
    run_count,
    task_instance_count,
    is_destructive
from {{ ref("fct_manual_interventions") }}
where
    {{ in_period("logged_at") }}
    and {{ of_environments("environment_slug") }}
    and {{ of_dags("dag_key") }}
order by logged_at desc, manual_intervention_key asc
limit 201
