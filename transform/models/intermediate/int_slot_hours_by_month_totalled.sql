with task_attempts as (

    select * from {{ ref("fct_task_attempts") }}
    where started_at is not null

),

totalled as (

    select
        environment_slug,
        dag_id,
        {{ month_of("started_at") }} as month_on,
        sum(pool_slots * coalesce(duration_seconds, 0)) / 3600
            as slot_hours,
        sum(pool_slots * wasted_seconds) / 3600 as wasted_slot_hours
    from task_attempts
    group by environment_slug, dag_id, {{ month_of("started_at") }}

)

select * from totalled
