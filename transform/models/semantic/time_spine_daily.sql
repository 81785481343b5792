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

    {{ dbt.generate_series(14610) }}

),

days as (

    select
        {{ days_after("runs.first_on", "cast(numbers.generated_number - 1 as bigint)") }}
            as date_day
    from numbers
    cross join runs

)

select days.date_day
from days
cross join syncs
where days.date_day <= syncs.last_on
