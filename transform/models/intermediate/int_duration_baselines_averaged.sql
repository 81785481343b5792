{{ config(
    materialized="incremental",
    unique_key=["subject_key", "started_on"],
    post_hook="{{ remove_rows_not_in(
        '(select * from ' ~ ref('int_seconds_by_day_percentiles')
        ~ \" where measure_name = 'duration')\", ['subject_key', 'started_on'],
    ) }}",
) }}
{%- set is_to_build =
    "medians.started_on >= first_days.first_on" if is_incremental() else "true"
%}
{%- set days_before -%}
    partition by subject_key
            order by started_on
            rows between 28 preceding and 1 preceding
{%- endset %}
with medians as {{ not_materialized() }} (

    select * from {{ ref("int_seconds_by_day_percentiles") }}
    where measure_name = 'duration'

),

durations as (

    select
        medians.subject_key,
        medians.started_on,
        medians.p50_seconds,
        {{ is_to_build }} as is_to_build
    from medians
    {{ of_changed_medians("medians") }}

),

bounds as (

    select
        min(started_on) as first_on,
        max(started_on) as last_on
    from durations

),

calendar as (

    select {{ days_after("bounds.first_on", "numbers.counted_number") }} as started_on
    from bounds
    inner join {{ ref("int_numbers_generated") }} as numbers
        on
            {{ days_between("bounds.first_on", "bounds.last_on") }}
            >= numbers.counted_number

),

spans as (

    select
        subject_key,
        min(started_on) as first_on,
        max(started_on) as last_on
    from durations
    group by subject_key

),

-- Every day, so that so many rows back are so many days back.
days as (

    select
        spans.subject_key,
        calendar.started_on,
        durations.p50_seconds,
        durations.is_to_build
    from spans
    inner join calendar
        on calendar.started_on between spans.first_on and spans.last_on
    left join durations
        on
            spans.subject_key = durations.subject_key
            and calendar.started_on = durations.started_on

),

averaged as (

    select
        subject_key,
        started_on,
        p50_seconds,
        is_to_build,
        count(p50_seconds) over ({{ days_before }}) as baseline_day_count,
        avg(p50_seconds) over ({{ days_before }}) as baseline_mean_seconds,
        stddev_samp(p50_seconds) over ({{ days_before }}) as baseline_deviation_seconds
    from days

)

-- Below a millisecond nothing varied: the rest is rounding, as are the last digits of a
-- score, which depend on the day that is built first.
select
    subject_key,
    started_on,
    p50_seconds,
    baseline_day_count,
    baseline_mean_seconds,
    baseline_deviation_seconds,
    case
        when baseline_day_count >= 7 and baseline_deviation_seconds >= 0.001
            then round(
                (p50_seconds - baseline_mean_seconds) / baseline_deviation_seconds, 9
            )
    end as duration_z_score
from averaged
where is_to_build
