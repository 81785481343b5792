with assets as (

    select * from {{ ref("int_assets_unified") }}

),

producers as (

    select * from {{ ref("int_asset_producers_unified") }}

),

consumers as (

    select * from {{ ref("int_asset_consumers_unified") }}

),

joined as (

    select
        {{ surrogate_key([
            "assets.environment_slug",
            "assets.asset_id",
            "producers.dag_id",
            "producers.task_id",
            "consumers.dag_id",
        ]) }} as asset_lineage_key,
        {{ surrogate_key(["assets.environment_slug", "assets.asset_id"]) }}
            as asset_key,
        case
            when producers.dag_id is not null
                then {{ surrogate_key(
                    ["producers.environment_slug", "producers.dag_id"]
                ) }}
        end as producer_dag_key,
        case
            when consumers.dag_id is not null
                then {{ surrogate_key(
                    ["consumers.environment_slug", "consumers.dag_id"]
                ) }}
        end as consumer_dag_key,
        assets.environment_slug,
        assets.asset_id,
        assets.asset_name,
        assets.asset_uri,
        assets.asset_group,
        assets.is_active,
        producers.dag_id as producer_dag_id,
        producers.task_id as producer_task_id,
        producers.is_declared_outlet,
        consumers.dag_id as consumer_dag_id,
        consumers.is_scheduled_on,
        consumers.is_declared_inlet,
        assets.extracted_at,
        assets.is_deleted_at_source,
        assets.deleted_at_source_at
    from assets
    left join producers
        on
            assets.environment_slug = producers.environment_slug
            and assets.asset_id = producers.asset_id
    left join consumers
        on
            assets.environment_slug = consumers.environment_slug
            and assets.asset_id = consumers.asset_id

)

select * from joined
