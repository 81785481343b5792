with latencies_by_hour as (

    select * from {{ ref("int_latencies_by_hour_unpivoted") }}

),

percentiles as (

    select
        environment_slug,
        hour_at,
        measure_name,
        {{ percentile("measured_seconds", 0.5) }} as p50_seconds,
        {{ percentile("measured_seconds", 0.95) }} as p95_seconds,
        {{ percentile("measured_seconds", 0.99) }} as p99_seconds
    from latencies_by_hour
    group by environment_slug, hour_at, measure_name

)

select * from percentiles
