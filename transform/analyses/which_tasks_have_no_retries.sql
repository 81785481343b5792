-- Which tasks are not tried again when they fail, and how often did they fail?
-- Clearing raises the limit, so the newest instance that had one try tells.
with newest as (

    select
        environment_slug,
        dag_id,
        task_id,
        retry_limit,
        row_number() over (
            partition by environment_slug, dag_id, task_id order by started_at desc
        ) as age_rank
    from {{ ref("fct_task_instances") }}
    where try_number = 1 and started_at is not null

)

select
    newest.environment_slug,
    newest.dag_id,
    newest.task_id,
    count(instances.task_instance_key) as instance_count,
    count(case when instances.first_state = 'failed' then 1 end) as failed_count
from newest
inner join {{ ref("fct_task_instances") }} as instances
    on
        newest.environment_slug = instances.environment_slug
        and newest.dag_id = instances.dag_id
        and newest.task_id = instances.task_id
where newest.age_rank = 1 and newest.retry_limit = 0
group by newest.environment_slug, newest.dag_id, newest.task_id
order by
    failed_count desc,
    newest.environment_slug asc,
    newest.dag_id asc,
    newest.task_id asc
