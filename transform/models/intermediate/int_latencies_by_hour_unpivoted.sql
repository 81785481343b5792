with unpivoted as (

    select
        task_attempt_key,
        environment_slug,
        {{ hour_of("started_at") }} as hour_at,
        'schedule_delay' as measure_name,
        schedule_delay_seconds as measured_seconds
    from {{ ref("fct_task_attempts") }}
    where started_at is not null

    union all

    select
        task_attempt_key,
        environment_slug,
        {{ hour_of("started_at") }} as hour_at,
        'queue_delay' as measure_name,
        queue_delay_seconds as measured_seconds
    from {{ ref("fct_task_attempts") }}
    where started_at is not null

)

select * from unpivoted
where measured_seconds is not null
