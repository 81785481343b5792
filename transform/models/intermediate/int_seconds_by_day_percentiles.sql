{{ config(
    materialized="incremental",
    unique_key=["subject_key", "started_on", "measure_name"],
    post_hook="{{ remove_rows_not_in(
        ref('int_seconds_by_day_unpivoted'),
        ['subject_key', 'started_on', 'measure_name'],
        'sum(measured_count)',
    ) }}",
) }}
with seconds_by_day as {{ not_materialized() }} (

    select * from {{ ref("int_seconds_by_day_unpivoted") }}

),

percentiles as (

    select
        seconds_by_day.subject_key,
        seconds_by_day.started_on,
        seconds_by_day.measure_name,
        seconds_by_day.dag_key,
        seconds_by_day.environment_slug,
        count(*) as measured_count,
        {{ percentile("seconds_by_day.measured_seconds", 0.5) }} as p50_seconds,
        {{ percentile("seconds_by_day.measured_seconds", 0.95) }} as p95_seconds,
        max(seconds_by_day.extracted_at) as extracted_at
    from seconds_by_day
    {{ of_changed_days(
        "seconds_by_day", "sum(measured_count)", ref("int_dag_days_changed")
    ) }}
    group by
        seconds_by_day.subject_key,
        seconds_by_day.started_on,
        seconds_by_day.measure_name,
        seconds_by_day.dag_key,
        seconds_by_day.environment_slug

)

select * from percentiles
