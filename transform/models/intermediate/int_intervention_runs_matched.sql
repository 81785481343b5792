with interventions as (

    select * from {{ ref("int_interventions_parsed") }}

),

dag_runs as (

    select * from {{ ref("stg_airflow__dag_runs") }}

),

run_ids as (

    select * from {{ ref("int_run_ids_resolved") }}

),

triggered as (

    select * from {{ ref("int_dag_run_triggers_matched") }}

),

backfilled as (

    select * from {{ ref("int_intervention_backfills_matched") }}

),

-- Which runs an order for the past or the future means is not known.
named as (

    select
        interventions.environment_slug,
        interventions.log_id,
        run_ids.dag_run_id
    from interventions
    inner join run_ids
        on
            interventions.environment_slug = run_ids.environment_slug
            and interventions.dag_id = run_ids.dag_id
            and interventions.run_id = run_ids.run_id
    where not interventions.is_across_runs

),

dated as (

    select
        interventions.environment_slug,
        interventions.log_id,
        dag_runs.dag_run_id
    from interventions
    inner join dag_runs
        on
            interventions.environment_slug = dag_runs.environment_slug
            and interventions.dag_id = dag_runs.dag_id
            and interventions.logical_at = dag_runs.logical_at
    where
        interventions.run_id is null
        and not interventions.is_across_runs
        and not dag_runs.is_deleted_at_source

),

unioned as (

    select * from named
    union all
    select * from dated
    union all
    select
        environment_slug,
        log_id,
        dag_run_id
    from triggered
    union all
    select
        environment_slug,
        log_id,
        dag_run_id
    from backfilled

),

-- A run may be known in two ways.
matched as (

    select distinct
        environment_slug,
        log_id,
        dag_run_id
    from unioned

)

select * from matched
