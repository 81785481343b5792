with dagrun_asset_events as (

    select * from {{ ref("stg_airflow__dagrun_asset_events") }}

),

dagrun_dataset_events as (

    select * from {{ ref("stg_airflow__dagrun_dataset_events") }}

),

frozen_tables as (

    select * from {{ ref("int_frozen_tables_dated") }}
    where table_name = 'dagrun_dataset_event'

),

unioned as (

    select
        environment_slug,
        asset_event_id,
        dag_run_id,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from dagrun_asset_events
    union all
    select
        dagrun_dataset_events.environment_slug,
        dagrun_dataset_events.dataset_event_id as asset_event_id,
        dagrun_dataset_events.dag_run_id,
        dagrun_dataset_events.extracted_at,
        {{ gone_or_frozen("dagrun_dataset_events") }}
    from dagrun_dataset_events
    left join frozen_tables
        on dagrun_dataset_events.environment_slug = frozen_tables.environment_slug

),

-- An environment that was upgraded to Airflow 3 has them in both tables: gone from one,
-- it may be in the other.
deduplicated as (

    select
        environment_slug,
        asset_event_id,
        dag_run_id,
        max(extracted_at) as extracted_at,
        min(case when is_deleted_at_source then 1 else 0 end) = 1
            as is_deleted_at_source,
        case
            when min(case when is_deleted_at_source then 1 else 0 end) = 1
                then max(deleted_at_source_at)
        end as deleted_at_source_at
    from unioned
    group by environment_slug, asset_event_id, dag_run_id

)

select * from deduplicated
