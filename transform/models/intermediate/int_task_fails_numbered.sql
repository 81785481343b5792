{#- A table, since it is small and the plan of what joins it depends on knowing so. -#}
{{ config(materialized="table") }}

with task_fails as (

    select * from {{ ref("int_task_fails_deduplicated") }}

),

task_attempts as (

    select * from {{ ref("int_task_attempts_numbered") }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by environment_slug, dag_id, run_id, task_id, instance_index
            order by started_at asc
        ) as age_rank,
        count(*) over (
            partition by environment_slug, dag_id, run_id, task_id, instance_index
        ) as fail_count
    from task_fails

),

firsts as (

    select
        ranked.environment_slug,
        ranked.dag_id,
        ranked.run_id,
        ranked.task_id,
        ranked.instance_index,
        min(task_attempts.try_number) as first_try_number
    from ranked
    inner join task_attempts
        on
            ranked.environment_slug = task_attempts.environment_slug
            and ranked.dag_id = task_attempts.dag_id
            and ranked.run_id = task_attempts.run_id
            and ranked.task_id = task_attempts.task_id
            and ranked.instance_index = task_attempts.instance_index
    where ranked.age_rank = 1
    group by
        ranked.environment_slug,
        ranked.dag_id,
        ranked.run_id,
        ranked.task_id,
        ranked.instance_index

),

-- They come right before the tries that have a number. If these begin too low for that,
-- they move up: Airflow before 2.10 counts a try that is put off only once it goes on,
-- and a run that was deleted and made again counts from 1 anew.
numbered as (

    select
        ranked.environment_slug,
        ranked.dag_id,
        ranked.run_id,
        ranked.task_id,
        ranked.map_index,
        ranked.instance_index,
        case
            when firsts.first_try_number > ranked.fail_count
                then
                    firsts.first_try_number - 1 - ranked.fail_count + ranked.age_rank
            else ranked.age_rank
        end as try_number,
        case
            when firsts.first_try_number <= ranked.fail_count
                then ranked.fail_count + 1 - firsts.first_try_number
            else 0
        end as later_tries_moved_by,
        ranked.age_rank,
        firsts.task_id is null
        and ranked.age_rank = ranked.fail_count as is_latest_try,
        ranked.started_at,
        ranked.ended_at,
        ranked.extracted_at,
        ranked.is_deleted_at_source,
        ranked.deleted_at_source_at
    from ranked
    left join firsts
        on
            ranked.environment_slug = firsts.environment_slug
            and ranked.dag_id = firsts.dag_id
            and ranked.run_id = firsts.run_id
            and ranked.task_id = firsts.task_id
            and ranked.instance_index = firsts.instance_index

)

select * from numbered
