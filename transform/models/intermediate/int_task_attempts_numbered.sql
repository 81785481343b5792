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
        not has_row_per_try
        and started_at is not null
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
        ) as newness_rank,
        {{ null_like("task_instance_id") }} as region_id,
        {{ null_like("map_index") }} as iteration
    from {{ ref("int_task_histories_remaining") }}
    where try_number > 0 and not has_row_per_try

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
        {{ task_attempt_columns() }},
        is_latest_try
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
    {{ task_attempt_columns() }},
    is_latest_try
from known
union all
select
    {{ task_attempt_columns() }},
    is_latest_try
from changed
union all
select
    {{ task_attempt_columns() }},
    is_latest_try
from {{ ref("int_task_tries_begun") }}
