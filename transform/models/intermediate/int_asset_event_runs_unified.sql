with dagrun_asset_events as (

    select * from {{ ref("stg_airflow__dagrun_asset_events") }}

),

dagrun_dataset_events as (

    select * from {{ ref("stg_airflow__dagrun_dataset_events") }}

),

unioned as (

    select
        environment_slug,
        asset_event_id,
        dag_run_id
    from dagrun_asset_events
    union all
    select
        environment_slug,
        dataset_event_id as asset_event_id,
        dag_run_id
    from dagrun_dataset_events

),

-- An environment that was upgraded to Airflow 3 has them in both tables.
deduplicated as (

    select
        environment_slug,
        asset_event_id,
        dag_run_id
    from unioned
    group by environment_slug, asset_event_id, dag_run_id

)

select * from deduplicated
