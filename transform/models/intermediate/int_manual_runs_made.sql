with dag_runs as (

    select * from {{ ref("stg_airflow__dag_runs") }}

),

-- Clearing moves queued_at, but not the logical date, which for a run by hand is mostly
-- the time it was made.
made as (

    select
        environment_slug,
        dag_run_id,
        dag_id,
        run_id,
        case
            when created_at is not null then created_at
            when coalesce(clear_count, 0) = 0 then queued_at
            else logical_at
        end as made_at
    from dag_runs
    where run_type = 'manual'

)

select * from made
