with asset_events as (

    select * from {{ ref("stg_airflow__asset_events") }}

),

dataset_events as (

    select * from {{ ref("stg_airflow__dataset_events") }}

),

since_airflow_3 as (

    select
        environment_slug,
        asset_event_id,
        asset_id,
        source_dag_id,
        source_task_id,
        source_run_id,
        source_map_index,
        occurred_at,
        partition_key,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from asset_events

),

-- Airflow 3 renamed the tables and kept the ids: of an environment that was upgraded,
-- only what it no longer has is taken from here.
before_airflow_3 as (

    select
        dataset_events.environment_slug,
        dataset_events.dataset_event_id as asset_event_id,
        dataset_events.dataset_id as asset_id,
        dataset_events.source_dag_id,
        dataset_events.source_task_id,
        dataset_events.source_run_id,
        dataset_events.source_map_index,
        dataset_events.occurred_at,
        cast(null as {{ native_type("varchar") }}) as partition_key,
        dataset_events.extracted_at,
        dataset_events.is_deleted_at_source,
        dataset_events.deleted_at_source_at
    from dataset_events
    left join asset_events
        on
            dataset_events.environment_slug = asset_events.environment_slug
            and dataset_events.dataset_event_id = asset_events.asset_event_id
    where asset_events.asset_event_id is null

),

unioned as (

    select * from since_airflow_3
    union all
    select * from before_airflow_3

)

select * from unioned
