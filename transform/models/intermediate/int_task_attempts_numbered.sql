{%- set attempt_columns -%}
    environment_slug,
        dag_id,
        run_id,
        task_id,
        map_index,
        try_number,
        state,
        is_latest_try,
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
-- Until the next try begins, the task instance shows the times of the last one; a
-- deferred task goes on with the same try. Airflow skips tasks and gives them up
-- without trying them: try 0. So Airflow before 2.10 counts the first try, too, while
-- it is put off.
with latest as {{ not_materialized() }} (

    select
        *,
        true as is_latest_try
    from {{ ref("int_task_instances_unified") }}
    where
        started_at is not null
        and case
            when state in ('scheduled', 'queued') then next_method is not null
            when state in ('deferred', 'up_for_reschedule') then true
            else try_number > 0 and state <> 'upstream_failed'
        end

),

histories as (

    select
        *,
        row_number() over (
            partition by environment_slug, dag_id, run_id, task_id, map_index
            order by is_deleted_at_source asc, try_number desc
        ) as newness_rank
    from {{ ref("stg_airflow__task_instance_histories") }}
    where try_number > 0

),

-- The latest try may be in the history already.
earlier as (

    select
        histories.*,
        case
            when latest.task_id is null then histories.newness_rank = 1
            else latest.try_number = histories.try_number
        end as is_latest_try,
        -- A try of an earlier run of the same name gives way to the one that has its
        -- number now.
        histories.is_deleted_at_source
        and not latest.is_deleted_at_source
        and latest.try_number = histories.try_number as is_replaced
    from histories
    left join latest
        on
            histories.environment_slug = latest.environment_slug
            and histories.dag_id = latest.dag_id
            and histories.run_id = latest.run_id
            and histories.task_id = latest.task_id
            and histories.map_index = latest.map_index

),

known as {{ not_materialized() }} (

    select
        {{ attempt_columns }}
    from earlier
    where not coalesce(is_replaced, false)

),

changed as (

    select latest.*
    from latest
    left join known
        on
            latest.environment_slug = known.environment_slug
            and latest.dag_id = known.dag_id
            and latest.run_id = known.run_id
            and latest.task_id = known.task_id
            and latest.map_index = known.map_index
            and latest.try_number = known.try_number
    where known.task_id is null

)

select
    {{ attempt_columns }}
from known
union all
select
    {{ attempt_columns }}
from changed
