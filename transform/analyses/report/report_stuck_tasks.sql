-- What was stuck at the last sync, for how long, and how can one tell?
select
    environment_slug,
    dag_id,
    task_id,
    state,
    started_at,
    running_seconds,
    usual_p95_seconds,
    last_heartbeat_at,
    {{ reasons({
        "is_beyond_p95": "far beyond its usual duration",
        "is_heartbeat_stale": "no sign of life",
        "is_run_ended": "its run is over",
        "is_pool_missing": "its pool is missing",
    }) }} as reasons,
    pool_name
from {{ ref("rpt_stuck_tasks") }}
where {{ of_environments("environment_slug") }} and {{ of_dags("dag_key") }}
order by coalesce(running_seconds, 0) desc, task_instance_key asc
limit 201
