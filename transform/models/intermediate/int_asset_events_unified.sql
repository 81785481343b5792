with asset_events as (

    select * from {{ ref("stg_airflow__asset_events") }}

),

dataset_events as (

    select * from {{ ref("stg_airflow__dataset_events") }}

),

frozen_tables as (

    select * from {{ ref("int_frozen_tables_dated") }}
    where table_name = 'dataset_event'

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
        source_task_instance_id,
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
        cast(null as {{ native_type("varchar") }}) as source_task_instance_id,
        dataset_events.occurred_at,
        cast(null as {{ native_type("varchar") }}) as partition_key,
        dataset_events.extracted_at,
        {{ gone_or_frozen("dataset_events") }}
    from dataset_events
    left join frozen_tables
        on dataset_events.environment_slug = frozen_tables.environment_slug
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
