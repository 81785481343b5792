{%- set slot = "environment_slug, dag_id, run_id, task_id, instance_index" -%}
with tries as (

    select * from {{ ref("int_task_instances_resolved") }}
    where has_row_per_try

),

histories as (

    select
        *,
        {{ null_like("task_instance_id") }} as region_id,
        {{ null_like("map_index") }} as iteration
    from {{ ref("int_task_histories_remaining") }}
    where has_row_per_try

),

unioned as (

    select
        {{ task_attempt_columns() }},
        is_current_try
    from tries
    union all
    select
        {{ task_attempt_columns() }},
        false as is_current_try
    from histories

),

-- A try of an earlier run of the same name gives way to the one that has its number
-- now.
ranked as (

    select
        *,
        row_number() over (
            partition by {{ slot }}, try_number
            order by
                case when is_deleted_at_source then 1 else 0 end asc,
                case when is_current_try then 0 else 1 end asc,
                extracted_at desc
        ) as presence_rank
    from unioned

),

compared as (

    select
        *,
        lag(started_at) over (partition by {{ slot }} order by try_number asc)
            as previous_started_at,
        max(case when is_current_try then 1 else 0 end) over (partition by {{ slot }})
        = 0 as is_superseded
    from ranked
    where presence_rank = 1

),

-- Until a try begins, its row has the times of the one before it, and one that never
-- does keeps them. What is skipped or given up without a try has no length.
begun as (

    select *
    from compared
    where
        started_at is not null
        and coalesce(started_at <> previous_started_at, true)
        and case
            when state in ('scheduled', 'queued') then next_method is not null
            when state in ('skipped', 'upstream_failed', 'removed')
                then coalesce(ended_at <> started_at, true)
            else coalesce(state <> 'up_for_retry', false)
        end

)

select
    {{ task_attempt_columns() }},
    not is_superseded
    and row_number() over (
        partition by {{ slot }}
        order by
            case when is_deleted_at_source then 1 else 0 end asc,
            try_number desc
    ) = 1 as is_latest_try
from begun
