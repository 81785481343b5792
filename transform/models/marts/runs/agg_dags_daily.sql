with dag_runs as (

    select * from {{ ref("fct_dag_runs") }}

),

task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

tries_of_runs as (

    select
        dag_run_key,
        sum(case when is_retry then 1 else 0 end) as retry_count,
        sum(wasted_seconds) as wasted_seconds
    from task_attempts
    where started_at is not null and (is_retry or is_wasted)
    group by dag_run_key

),

counted as (

    select
        dag_runs.dag_key,
        dag_runs.environment_slug,
        dag_runs.dag_id,
        {{ day_of("dag_runs.first_started_at") }} as started_on,
        count(*) as run_count,
        sum(case when dag_runs.first_state = 'success' then 1 else 0 end)
            as success_count,
        sum(case when dag_runs.first_state = 'failed' then 1 else 0 end)
            as failure_count,
        sum(case when dag_runs.was_repaired_by_hand then 1 else 0 end) as repair_count,
        max(
            case
                when dag_runs.first_state = 'success'
                    then dag_runs.first_duration_seconds
            end
        ) as duration_max_seconds,
        sum(coalesce(tries_of_runs.retry_count, 0)) as retry_count,
        sum(coalesce(tries_of_runs.wasted_seconds, 0)) / 3600 as wasted_hours
    from dag_runs
    left join tries_of_runs on dag_runs.dag_run_key = tries_of_runs.dag_run_key
    where dag_runs.first_started_at is not null
    group by
        dag_runs.dag_key,
        dag_runs.environment_slug,
        dag_runs.dag_id,
        {{ day_of("dag_runs.first_started_at") }}

),

measured as (

    select
        {{ surrogate_key([
            "counted.environment_slug",
            "counted.dag_id",
            day_number("counted.started_on"),
        ]) }} as dag_day_key,
        counted.dag_key,
        counted.environment_slug,
        counted.dag_id,
        counted.started_on,
        cast(counted.run_count as bigint) as run_count,
        cast(counted.success_count as bigint) as success_count,
        cast(counted.failure_count as bigint) as failure_count,
        cast(counted.repair_count as bigint) as repair_count,
        {{ share(
            "counted.success_count", "counted.success_count + counted.failure_count"
        ) }} as success_share,
        durations.p50_seconds as duration_p50_seconds,
        durations.p95_seconds as duration_p95_seconds,
        counted.duration_max_seconds,
        baselines.duration_z_score,
        queue_delays.p95_seconds as queue_delay_p95_seconds,
        landing_delays.p95_seconds as landing_delay_p95_seconds,
        cast(counted.retry_count as bigint) as retry_count,
        counted.wasted_hours
    from counted
    left join {{ ref("int_seconds_by_day_percentiles") }} as durations
        on
            counted.dag_key = durations.subject_key
            and counted.started_on = durations.started_on
            and durations.measure_name = 'duration'
    left join {{ ref("int_seconds_by_day_percentiles") }} as queue_delays
        on
            counted.dag_key = queue_delays.subject_key
            and counted.started_on = queue_delays.started_on
            and queue_delays.measure_name = 'queue_delay'
    left join {{ ref("int_seconds_by_day_percentiles") }} as landing_delays
        on
            counted.dag_key = landing_delays.subject_key
            and counted.started_on = landing_delays.started_on
            and landing_delays.measure_name = 'landing_delay'
    left join {{ ref("int_duration_baselines_averaged") }} as baselines
        on
            counted.dag_key = baselines.subject_key
            and counted.started_on = baselines.started_on

)

select * from measured
