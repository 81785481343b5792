-- Which tasks succeed only after they have failed?
with counted as (

    select
        environment_slug,
        dag_id,
        task_id,
        sum(finished_instance_count) as finished_instance_count,
        sum(flaky_instance_count) as flaky_instance_count
    from {{ ref("agg_tasks_daily") }}
    where
        {{ on_whole_days("started_on") }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}
    group by environment_slug, dag_id, task_id

)

select
    environment_slug,
    dag_id,
    task_id,
    finished_instance_count,
    flaky_instance_count,
    {{ share("flaky_instance_count", "finished_instance_count") }} as flaky_share
from counted
where flaky_instance_count > 0
order by
    flaky_instance_count desc,
    flaky_share desc,
    environment_slug asc,
    dag_id asc,
    task_id asc
limit 201
