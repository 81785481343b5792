with dag_runs as (

    select * from {{ ref("stg_airflow__dag_runs") }}

),

backfill_dag_runs as (

    select * from {{ ref("stg_airflow__backfill_dag_runs") }}

),

-- A backfill loses the link to a run that is deleted, and a run the number of the
-- backfill when a later one runs it again: both links count.
linked as (

    select
        environment_slug,
        backfill_id,
        cast(null as bigint) as creating_job_id,
        dag_run_id
    from backfill_dag_runs
    where dag_run_id is not null
    union all
    select
        environment_slug,
        backfill_id,
        cast(null as bigint) as creating_job_id,
        dag_run_id
    from dag_runs
    where backfill_id is not null
    union all
    -- Before Airflow 3, a backfill is the job of a command. Runs that it found and ran
    -- again keep the name and the job that made them, so they are not known as its own.
    select
        environment_slug,
        backfill_id,
        creating_job_id,
        dag_run_id
    from dag_runs
    where
        creating_job_id is not null
        and backfill_id is null
        and run_type = 'backfill'
        and substring(run_id, 1, 10) = 'backfill__'

),

deduplicated as (

    select
        {{ surrogate_key(["environment_slug", "backfill_id", "creating_job_id"]) }}
            as backfill_key,
        environment_slug,
        backfill_id,
        creating_job_id,
        dag_run_id
    from linked
    group by environment_slug, backfill_id, creating_job_id, dag_run_id

)

select * from deduplicated
