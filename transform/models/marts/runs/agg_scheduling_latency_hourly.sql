with task_attempts as (

    select * from {{ ref("fct_task_attempts") }}
    where started_at is not null

),

percentiles as (

    select * from {{ ref("int_latencies_by_hour_percentiles") }}

),

counted as (

    select
        environment_slug,
        {{ hour_of("started_at") }} as hour_at,
        count(*) as attempt_count
    from task_attempts
    group by environment_slug, {{ hour_of("started_at") }}

),

measured as (

    select
        {{ surrogate_key([
            "counted.environment_slug", hour_number("counted.hour_at")
        ]) }} as environment_hour_key,
        counted.environment_slug,
        counted.hour_at,
        cast(counted.attempt_count as bigint) as attempt_count,
        schedule_delays.p50_seconds as schedule_delay_p50_seconds,
        schedule_delays.p95_seconds as schedule_delay_p95_seconds,
        schedule_delays.p99_seconds as schedule_delay_p99_seconds,
        queue_delays.p50_seconds as queue_delay_p50_seconds,
        queue_delays.p95_seconds as queue_delay_p95_seconds,
        queue_delays.p99_seconds as queue_delay_p99_seconds
    from counted
    left join percentiles as schedule_delays
        on
            counted.environment_slug = schedule_delays.environment_slug
            and counted.hour_at = schedule_delays.hour_at
            and schedule_delays.measure_name = 'schedule_delay'
    left join percentiles as queue_delays
        on
            counted.environment_slug = queue_delays.environment_slug
            and counted.hour_at = queue_delays.hour_at
            and queue_delays.measure_name = 'queue_delay'

)

select * from measured
