with interventions as (

    select * from {{ ref("int_interventions_parsed") }}
    where object_type = 'backfill' and action = 'create'

),

dag_runs as (

    select * from {{ ref("stg_airflow__dag_runs") }}

),

backfills as (

    select * from {{ ref("stg_airflow__backfills") }}

),

backfill_dag_runs as (

    select * from {{ ref("stg_airflow__backfill_dag_runs") }}

),

-- Airflow 3 writes the event, then makes the backfill with its runs.
listed as (

    select
        interventions.environment_slug,
        interventions.log_id,
        backfill_dag_runs.dag_run_id,
        row_number() over (
            partition by
                backfill_dag_runs.environment_slug,
                backfill_dag_runs.backfill_dag_run_id
            order by interventions.logged_at desc, interventions.log_id desc
        ) as event_rank
    from interventions
    inner join backfills
        on
            interventions.environment_slug = backfills.environment_slug
            and interventions.dag_id = backfills.dag_id
            and {{ seconds_between("interventions.logged_at", "backfills.created_at") }}
            between 0 and 60
    inner join backfill_dag_runs
        on
            backfills.environment_slug = backfill_dag_runs.environment_slug
            and backfills.backfill_id = backfill_dag_runs.backfill_id
            and backfill_dag_runs.dag_run_id is not null

),

-- In Airflow 2 the command itself makes one run after the other.
started as (

    select
        interventions.environment_slug,
        interventions.log_id,
        dag_runs.dag_run_id,
        row_number() over (
            partition by dag_runs.environment_slug, dag_runs.dag_run_id
            order by interventions.logged_at desc, interventions.log_id desc
        ) as event_rank
    from interventions
    inner join dag_runs
        on
            interventions.environment_slug = dag_runs.environment_slug
            and interventions.dag_id = dag_runs.dag_id
            and dag_runs.run_type = 'backfill'
            and dag_runs.backfill_id is null
            and interventions.logged_at <= dag_runs.started_at

),

unioned as (

    select * from listed
    union all
    select * from started

),

matched as (

    select
        environment_slug,
        log_id,
        dag_run_id
    from unioned
    where event_rank = 1

)

select * from matched
