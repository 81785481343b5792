with asset_schedules as (

    select * from {{ ref("int_asset_schedules_resolved") }}

),

dataset_schedules as (

    select * from {{ ref("int_dataset_schedules_resolved") }}

),

inlets as (

    select * from {{ ref("stg_airflow__task_inlet_asset_references") }}

),

consumers as (

    select
        environment_slug,
        asset_id,
        dag_id,
        1 as schedule_count,
        0 as inlet_count
    from asset_schedules
    union all
    select
        environment_slug,
        asset_id,
        dag_id,
        1 as schedule_count,
        0 as inlet_count
    from dataset_schedules
    union all
    select
        environment_slug,
        asset_id,
        dag_id,
        0 as schedule_count,
        1 as inlet_count
    from inlets
    where not is_deleted_at_source

),

deduplicated as (

    select
        environment_slug,
        asset_id,
        dag_id,
        max(schedule_count) = 1 as is_scheduled_on,
        max(inlet_count) = 1 as is_declared_inlet
    from consumers
    group by environment_slug, asset_id, dag_id

)

select * from deduplicated
