with assets as (

    select * from {{ ref("int_assets_unified") }}

),

asset_references as (

    select * from {{ ref("stg_airflow__dag_schedule_asset_references") }}

),

name_references as (

    select * from {{ ref("stg_airflow__dag_schedule_asset_name_references") }}

),

uri_references as (

    select * from {{ ref("stg_airflow__dag_schedule_asset_uri_references") }}

),

alias_references as (

    select * from {{ ref("stg_airflow__dag_schedule_asset_alias_references") }}

),

alias_assets as (

    select * from {{ ref("stg_airflow__asset_alias_assets") }}

),

scheduled as (

    select
        environment_slug,
        asset_id,
        dag_id
    from asset_references
    where not is_deleted_at_source
    union all
    -- A name or a URI means the asset that is active under it.
    select
        assets.environment_slug,
        assets.asset_id,
        name_references.dag_id
    from name_references
    inner join assets
        on
            name_references.environment_slug = assets.environment_slug
            and name_references.asset_name = assets.asset_name
    where not name_references.is_deleted_at_source and assets.is_active
    union all
    select
        assets.environment_slug,
        assets.asset_id,
        uri_references.dag_id
    from uri_references
    inner join assets
        on
            uri_references.environment_slug = assets.environment_slug
            and uri_references.asset_uri = assets.asset_uri
    where not uri_references.is_deleted_at_source and assets.is_active
    union all
    select
        alias_references.environment_slug,
        alias_assets.asset_id,
        alias_references.dag_id
    from alias_references
    inner join alias_assets
        on
            alias_references.environment_slug = alias_assets.environment_slug
            and alias_references.alias_id = alias_assets.alias_id
    where
        not alias_references.is_deleted_at_source
        and not alias_assets.is_deleted_at_source

),

deduplicated as (

    select
        environment_slug,
        asset_id,
        dag_id
    from scheduled
    group by environment_slug, asset_id, dag_id

)

select * from deduplicated
