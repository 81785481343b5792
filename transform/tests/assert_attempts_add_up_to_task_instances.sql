{{ config(tags="whole", meta={"explains_itself": true}) }}

with task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

task_instances as (

    select * from {{ ref("fct_task_instances") }}

),

totals as (

    select
        task_instance_key,
        count(*) as try_count,
        sum(duration_seconds) as total_seconds,
        sum(held_seconds) as held_seconds,
        sum(waited_seconds) as waited_seconds,
        sum(wasted_seconds) as wasted_seconds
    from task_attempts
    group by task_instance_key

)

select
    task_instances.task_instance_key,
    'Task instance ' || task_instances.task_instance_key || ' has '
    || {{ as_text("task_instances.known_try_count") }} || ' tries and '
    || {{ as_text("coalesce(totals.try_count, 0)") }} || ' in fct_task_attempts, or'
    || ' other seconds. Build anew: dbt build --full-refresh' as message
from task_instances
left join totals
    on task_instances.task_instance_key = totals.task_instance_key
where
    task_instances.known_try_count <> coalesce(totals.try_count, 0)
    -- The order in which fractions are added changes their last digits.
    or abs(task_instances.total_seconds - coalesce(totals.total_seconds, 0)) > 0.001
    or abs(task_instances.held_seconds - coalesce(totals.held_seconds, 0)) > 0.001
    or abs(task_instances.waited_seconds - coalesce(totals.waited_seconds, 0)) > 0.001
    or abs(task_instances.wasted_seconds - coalesce(totals.wasted_seconds, 0)) > 0.001
