with runs as (

    select cast(min(started_at) as date) as first_on
    from {{ ref("int_dag_runs_unified") }}

),

syncs as (

    select cast(max(synced_at) as date) as last_on
    from {{ ref("int_environments_synced") }}

),

-- Enough for forty years.
numbers as (

    {{ whole_numbers(14610) }}

),

counted as (

    select
        runs.first_on,
        cast(numbers.generated_number - 1 as bigint) as day_count
    from numbers
    cross join runs

),

days as (

    select {{ days_after("first_on", "day_count") }} as date_day
    from counted

)

select days.date_day
from days
cross join syncs
where days.date_day <= syncs.last_on
