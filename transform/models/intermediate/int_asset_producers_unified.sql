with assets as (

    select * from {{ ref("stg_airflow__assets") }}

),

asset_outlets as (

    select * from {{ ref("stg_airflow__task_outlet_asset_references") }}

),

dataset_outlets as (

    select * from {{ ref("stg_airflow__task_outlet_dataset_references") }}

),

asset_alias_events as (

    select * from {{ ref("stg_airflow__asset_alias_asset_events") }}

),

dataset_alias_events as (

    select * from {{ ref("stg_airflow__dataset_alias_dataset_events") }}

),

asset_events as (

    select * from {{ ref("int_asset_events_unified") }}

),

alias_events as (

    select
        environment_slug,
        asset_event_id
    from asset_alias_events
    union all
    select
        environment_slug,
        dataset_event_id as asset_event_id
    from dataset_alias_events

),

producers as (

    select
        environment_slug,
        asset_id,
        dag_id,
        task_id,
        1 as outlet_count
    from asset_outlets
    where not is_deleted_at_source
    union all
    -- Of a dataset that has become an asset, only the references of the asset count.
    select
        dataset_outlets.environment_slug,
        dataset_outlets.dataset_id as asset_id,
        dataset_outlets.dag_id,
        dataset_outlets.task_id,
        1 as outlet_count
    from dataset_outlets
    left join assets
        on
            dataset_outlets.environment_slug = assets.environment_slug
            and dataset_outlets.dataset_id = assets.asset_id
    where not dataset_outlets.is_deleted_at_source and assets.asset_id is null
    union all
    -- Airflow does not keep which task has an alias as its outlet: the events tell.
    select
        asset_events.environment_slug,
        asset_events.asset_id,
        asset_events.source_dag_id as dag_id,
        asset_events.source_task_id as task_id,
        0 as outlet_count
    from asset_events
    inner join alias_events
        on
            asset_events.environment_slug = alias_events.environment_slug
            and asset_events.asset_event_id = alias_events.asset_event_id
    where asset_events.source_task_id is not null

),

deduplicated as (

    select
        environment_slug,
        asset_id,
        dag_id,
        task_id,
        max(outlet_count) = 1 as is_declared_outlet
    from producers
    group by environment_slug, asset_id, dag_id, task_id

)

select * from deduplicated
