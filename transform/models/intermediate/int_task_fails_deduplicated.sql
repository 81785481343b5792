{#- A table, since it is small and the plan of what joins it depends on knowing so. -#}
{{ config(materialized="table") }}

with task_fails as (

    select
        *,
        {{ as_text("map_index") }} as instance_index
    from {{ ref("stg_airflow__task_fails") }}

),

task_attempts as (

    select * from {{ ref("int_task_attempts_numbered") }}

),

-- Airflow may note one failure twice: on the worker and in the scheduler.
ranked as (

    select
        *,
        row_number() over (
            partition by
                environment_slug, dag_id, run_id, task_id, instance_index, started_at
            order by is_deleted_at_source asc, task_fail_id desc
        ) as same_try_rank
    from task_fails
    where started_at is not null

),

-- What the task instance or, since 2.10, the history tells of as well is known by its
-- start.
deduplicated as (

    select
        ranked.environment_slug,
        ranked.dag_id,
        ranked.run_id,
        ranked.task_id,
        ranked.map_index,
        ranked.instance_index,
        ranked.started_at,
        ranked.ended_at,
        ranked.extracted_at,
        ranked.is_deleted_at_source,
        ranked.deleted_at_source_at
    from ranked
    left join task_attempts
        on
            ranked.environment_slug = task_attempts.environment_slug
            and ranked.dag_id = task_attempts.dag_id
            and ranked.run_id = task_attempts.run_id
            and ranked.task_id = task_attempts.task_id
            and ranked.instance_index = task_attempts.instance_index
            and ranked.started_at = task_attempts.started_at
    where
        ranked.same_try_rank = 1
        and task_attempts.task_id is null

)

select * from deduplicated
