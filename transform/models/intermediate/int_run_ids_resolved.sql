with dag_runs as (

    select * from {{ ref("stg_airflow__dag_runs") }}

),

-- A run that was deleted and made again has the same run_id. The newest is meant.
ranked as (

    select
        environment_slug,
        dag_id,
        run_id,
        dag_run_id,
        extracted_at,
        row_number() over (
            partition by environment_slug, dag_id, run_id
            order by dag_run_id desc
        ) as age_rank
    from dag_runs

),

resolved as (

    select
        environment_slug,
        dag_id,
        run_id,
        dag_run_id,
        extracted_at
    from ranked
    where age_rank = 1

)

select * from resolved
