with backfill_dag_runs as (

    select * from {{ ref("stg_airflow__backfill_dag_runs") }}

),

reasons as (

    select distinct
        environment_slug,
        backfill_id,
        exception_reason
    from backfill_dag_runs
    where exception_reason is not null

),

listed as (

    select
        environment_slug,
        backfill_id,
        {{ listed("exception_reason") }} as skip_reasons
    from reasons
    group by environment_slug, backfill_id

)

select * from listed
