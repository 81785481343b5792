{{ config(
    materialized="incremental",
    unique_key="task_day_key",
    post_hook="{{ remove_rows_not_in(
        '(select task_key, ' ~ day_of('started_at') ~ ' as started_on from '
        ~ ref('fct_task_attempts') ~ ' where started_at is not null)',
        ['task_key', 'started_on'],
        'sum(attempt_count)',
    ) }}",
) }}
with task_attempts as {{ not_materialized() }} (

    select
        *,
        {{ day_of("started_at") }} as started_on
    from {{ ref("fct_task_attempts") }}
    where started_at is not null

),

counted as (

    select
        task_attempts.task_key,
        task_attempts.dag_key,
        task_attempts.environment_slug,
        task_attempts.dag_id,
        task_attempts.task_id,
        task_attempts.started_on,
        count(*) as attempt_count,
        sum(case when task_attempts.state = 'success' then 1 else 0 end)
            as success_count,
        sum(case when task_attempts.is_wasted then 1 else 0 end) as failure_count,
        max(
            case
                when task_attempts.state = 'success' and marks.task_attempt_key is null
                    then task_attempts.duration_seconds
            end
        ) as duration_max_seconds,
        sum(case when task_attempts.is_retry then 1 else 0 end) as retry_count,
        sum(task_attempts.wasted_seconds) / 3600 as wasted_hours,
        count(
            case
                when
                    task_attempts.is_last_before_rerun
                    and task_instances.first_state in ('success', 'failed')
                    then 1
            end
        ) as finished_instance_count,
        count(
            case
                when task_attempts.is_last_before_rerun and task_instances.is_flaky
                    then 1
            end
        ) as flaky_instance_count,
        max(task_instances.extracted_at) as extracted_at
    from task_attempts {{ of_changed_days(
        "task_attempts", "sum(attempt_count)", ref("int_dag_days_changed")
    ) }}
    left join {{ ref("fct_task_instances") }} as task_instances
        on task_attempts.task_instance_key = task_instances.task_instance_key
    left join {{ ref("int_task_marks_matched") }} as marks
        on task_attempts.task_attempt_key = marks.task_attempt_key
    group by
        task_attempts.task_key,
        task_attempts.dag_key,
        task_attempts.environment_slug,
        task_attempts.dag_id,
        task_attempts.task_id,
        task_attempts.started_on

)

select
    {{ surrogate_key(["counted.task_key", day_number("counted.started_on")]) }}
        as task_day_key,
    counted.task_key,
    counted.dag_key,
    counted.environment_slug,
    counted.dag_id,
    counted.task_id,
    counted.started_on,
    cast(counted.attempt_count as bigint) as attempt_count,
    cast(counted.success_count as bigint) as success_count,
    cast(counted.failure_count as bigint) as failure_count,
    {{ share(
        "counted.success_count", "counted.success_count + counted.failure_count"
    ) }} as success_share,
    durations.p50_seconds as duration_p50_seconds,
    durations.p95_seconds as duration_p95_seconds,
    counted.duration_max_seconds,
    baselines.duration_z_score,
    queue_delays.p95_seconds as queue_delay_p95_seconds,
    cast(counted.retry_count as bigint) as retry_count,
    counted.wasted_hours,
    cast(counted.finished_instance_count as bigint) as finished_instance_count,
    cast(counted.flaky_instance_count as bigint) as flaky_instance_count,
    {{ share(
        "counted.flaky_instance_count", "counted.finished_instance_count"
    ) }} as flaky_share,
    counted.extracted_at
from counted
left join {{ ref("int_seconds_by_day_percentiles") }} as durations
    on
        counted.task_key = durations.subject_key
        and counted.started_on = durations.started_on
        and durations.measure_name = 'duration'
left join {{ ref("int_seconds_by_day_percentiles") }} as queue_delays
    on
        counted.task_key = queue_delays.subject_key
        and counted.started_on = queue_delays.started_on
        and queue_delays.measure_name = 'queue_delay'
left join {{ ref("int_duration_baselines_averaged") }} as baselines
    on
        counted.task_key = baselines.subject_key
        and counted.started_on = baselines.started_on
