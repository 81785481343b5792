{%- set slot = "environment_slug, dag_id, run_id, task_id, instance_index" -%}
with task_instances as (

    select * from {{ ref("int_task_instances_resolved") }}

),

-- The current try, or the last one of what another region took the place of. Until it
-- begins it may have the times of the one before it.
ranked as (

    select
        *,
        {{ null_like("extracted_at") }} as expanded_at,
        row_number() over (
            partition by {{ slot }}
            order by
                case when is_current_try then 0 else 1 end asc,
                case when is_deleted_at_source then 1 else 0 end asc,
                try_number desc,
                extracted_at desc
        ) as newness_rank,
        coalesce(
            started_at
            = lag(started_at) over (partition by {{ slot }} order by try_number asc),
            false
        ) as has_times_of_last_try,
        max({{ latest_of("extracted_at", ["deleted_at_source_at"]) }}) over (
            partition by {{ slot }}
        ) as changed_at
    from task_instances
    where has_row_per_try

)

select * from ranked  -- noqa: AM04
