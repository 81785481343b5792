-- Which tasks lost most time in tries that came to nothing?
with counted as (

    select
        environment_slug,
        dag_id,
        task_id,
        sum(wasted_seconds) / 3600 as wasted_hours,
        count(*) as attempt_count,
        sum(case when is_retry then 1 else 0 end) as retry_count
    from {{ ref("fct_task_attempts") }}
    where
        {{ in_period("started_at") }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}
    group by environment_slug, dag_id, task_id

)

select
    environment_slug,
    dag_id,
    task_id,
    wasted_hours,
    attempt_count,
    retry_count
from counted
where wasted_hours > 0
order by wasted_hours desc, environment_slug asc, dag_id asc, task_id asc
limit 201
