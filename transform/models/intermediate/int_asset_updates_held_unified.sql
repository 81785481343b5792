with asset_queue as (

    select * from {{ ref("stg_airflow__asset_dag_run_queues") }}

),

dataset_queue as (

    select * from {{ ref("stg_airflow__dataset_dag_run_queues") }}

),

unioned as (

    select
        environment_slug,
        asset_id,
        target_dag_id as dag_id,
        created_at
    from asset_queue
    where not is_deleted_at_source
    union all
    select
        environment_slug,
        dataset_id as asset_id,
        target_dag_id as dag_id,
        created_at
    from dataset_queue
    where not is_deleted_at_source

),

-- An environment that was upgraded to Airflow 3 may have them in both tables.
deduplicated as (

    select
        environment_slug,
        asset_id,
        dag_id,
        min(created_at) as held_since_at
    from unioned
    group by environment_slug, asset_id, dag_id

)

select * from deduplicated
