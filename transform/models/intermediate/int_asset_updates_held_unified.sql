with asset_queue as (

    select * from {{ ref("stg_airflow__asset_dag_run_queues") }}

),

dataset_queue as (

    select * from {{ ref("stg_airflow__dataset_dag_run_queues") }}

),

frozen_tables as (

    select * from {{ ref("int_frozen_tables_dated") }}
    where table_name = 'dataset_dag_run_queue'

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
        dataset_queue.environment_slug,
        dataset_queue.dataset_id as asset_id,
        dataset_queue.target_dag_id as dag_id,
        dataset_queue.created_at
    from dataset_queue
    left join frozen_tables
        on dataset_queue.environment_slug = frozen_tables.environment_slug
    where
        not dataset_queue.is_deleted_at_source
        and frozen_tables.environment_slug is null

),

-- Since Airflow 3.4 each update has a row.
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
