with task_instances as (

    select * from {{ ref("int_task_instances_unified") }}

),

task_instance_histories as (

    select * from {{ ref("stg_airflow__task_instance_histories") }}

),

-- Until the next try begins, the task instance shows the times of the last one; a
-- deferred task goes on with the same try. Airflow skips tasks and gives them up
-- without trying them: try 0. So Airflow before 2.10 counts the first try, too, while
-- it is put off.
latest as (

    select * from task_instances
    where
        started_at is not null
        and case
            when state in ('scheduled', 'queued') then next_method is not null
            when state in ('deferred', 'up_for_reschedule') then true
            else try_number > 0 and state <> 'upstream_failed'
        end

),

earlier as (

    select * from task_instance_histories
    where try_number > 0

),

{% set attempt_columns -%}
    environment_slug,
        dag_id,
        run_id,
        task_id,
        map_index,
        try_number,
        state,
        operator_name,
        pool_name,
        pool_slots,
        queue_name,
        executor_name,
        hostname,
        priority_weight,
        scheduled_at,
        queued_at,
        started_at,
        ended_at,
        duration_seconds,
        dag_version_id,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
{%- endset -%}
unioned as (

    select
        {{ attempt_columns }},
        2 as source_rank
    from latest
    union all
    select
        {{ attempt_columns }},
        1 as source_rank
    from earlier

),

-- The latest try may be in the history already. A try of an earlier run of the same
-- name gives way to the one that has its number now.
ranked as (

    select
        *,
        row_number() over (
            partition by
                environment_slug, dag_id, run_id, task_id, map_index, try_number
            order by is_deleted_at_source asc, source_rank asc
        ) as same_try_rank
    from unioned

),

numbered as (

    select
        {{ attempt_columns }}
    from ranked
    where same_try_rank = 1

)

select * from numbered
