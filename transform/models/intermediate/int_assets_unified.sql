with assets as (

    select * from {{ ref("stg_airflow__assets") }}

),

asset_actives as (

    select * from {{ ref("stg_airflow__asset_actives") }}

),

datasets as (

    select * from {{ ref("stg_airflow__datasets") }}

),

frozen_tables as (

    select * from {{ ref("int_frozen_tables_dated") }}
    where table_name = 'dataset'

),

since_airflow_3 as (

    select
        assets.environment_slug,
        assets.asset_id,
        assets.asset_name,
        assets.asset_uri,
        assets.asset_group,
        asset_actives.asset_name is not null
        and not assets.is_deleted_at_source as is_active,
        assets.extracted_at,
        assets.is_deleted_at_source,
        assets.deleted_at_source_at
    from assets
    left join asset_actives
        on
            assets.environment_slug = asset_actives.environment_slug
            and assets.asset_name = asset_actives.asset_name
            and assets.asset_uri = asset_actives.asset_uri
            and not asset_actives.is_deleted_at_source

),

-- Airflow 3 renamed the tables and kept the ids: of an environment that was upgraded,
-- only what it no longer has is taken from here.
before_airflow_3 as (

    select
        datasets.environment_slug,
        datasets.dataset_id as asset_id,
        -- What the upgrade calls it, too.
        datasets.dataset_uri as asset_name,
        datasets.dataset_uri as asset_uri,
        cast(null as {{ native_type("varchar") }}) as asset_group,
        not coalesce(datasets.is_orphaned, false)
        and not datasets.is_deleted_at_source
        and frozen_tables.frozen_at is null as is_active,
        datasets.extracted_at,
        {{ gone_or_frozen("datasets") }}
    from datasets
    left join frozen_tables
        on datasets.environment_slug = frozen_tables.environment_slug
    left join assets
        on
            datasets.environment_slug = assets.environment_slug
            and datasets.dataset_id = assets.asset_id
    where assets.asset_id is null

),

unioned as (

    select * from since_airflow_3
    union all
    select * from before_airflow_3

)

select * from unioned
