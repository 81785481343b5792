-- A table: two models read it, and sorting is what takes time.
{{ config(materialized="table") }}

with seconds_by_day as (

    select * from {{ ref("int_seconds_by_day_unpivoted") }}

),

percentiles as (

    select
        subject_key,
        started_on,
        measure_name,
        {{ percentile("measured_seconds", 0.5) }} as p50_seconds,
        {{ percentile("measured_seconds", 0.95) }} as p95_seconds
    from seconds_by_day
    group by subject_key, started_on, measure_name

)

select * from percentiles
