{#-
    Until the next try begins, the task instance shows the times of the last one; a
    deferred task goes on with the same try. Airflow skips tasks and gives them up
    without trying them: try 0. So Airflow before 2.10 counts the first try, too, while
    it is put off. Read in both places: what a view reads twice from a subquery of its own
    DuckDB keeps whole meanwhile.
-#}
{%- set latest_tries -%}
    (
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
    )
{%- endset -%}
with histories as (

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

-- A try of an earlier run of the same name gives way to the one that has its number
-- now.
earlier as (

    select
        histories.*,
        case
            when latest.task_id is null then histories.newness_rank = 1
            else latest.try_number = histories.try_number
        end as is_latest_try
    from histories
    left join {{ latest_tries }} as latest
        on
            histories.environment_slug = latest.environment_slug
            and histories.dag_id = latest.dag_id
            and histories.run_id = latest.run_id
            and histories.task_id = latest.task_id
            and histories.map_index = latest.map_index
    where
        not coalesce(
            histories.is_deleted_at_source
            and not latest.is_deleted_at_source
            and latest.try_number = histories.try_number,
            false
        )

),

-- The latest try may be in the history already.
latest as (

    select latest.*
    from {{ latest_tries }} as latest
    left join {{ ref("int_task_histories_remaining") }} as histories
        on
            latest.environment_slug = histories.environment_slug
            and latest.dag_id = histories.dag_id
            and latest.run_id = histories.run_id
            and latest.task_id = histories.task_id
            and latest.map_index = histories.map_index
            and latest.try_number = histories.try_number
            and histories.try_number > 0
            and not histories.has_row_per_try
            and (latest.is_deleted_at_source or not histories.is_deleted_at_source)
    where histories.task_id is null

)

select
    {{ task_attempt_columns() }},
    is_latest_try
from earlier
union all
select
    {{ task_attempt_columns() }},
    is_latest_try
from latest
union all
select
    {{ task_attempt_columns() }},
    is_latest_try
from {{ ref("int_task_tries_begun") }}
