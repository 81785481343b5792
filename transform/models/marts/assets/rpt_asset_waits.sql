with consumers as (

    select * from {{ ref("int_asset_consumers_unified") }}
    where is_scheduled_on

),

-- A paused DAG holds no updates. One with partitions holds them by partition.
dags as (

    select * from {{ ref("int_dags_unified") }}
    where is_active and not is_paused and not is_partitioned

),

assets as (

    select * from {{ ref("int_assets_unified") }}

),

held_updates as (

    select * from {{ ref("int_asset_updates_held_unified") }}

),

last_updates as (

    select
        environment_slug,
        asset_id,
        max(occurred_at) as last_updated_at
    from {{ ref("int_asset_events_unified") }}
    group by environment_slug, asset_id

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

joined as (

    select
        consumers.environment_slug,
        consumers.dag_id,
        consumers.asset_id,
        assets.asset_name,
        assets.asset_uri,
        held_updates.held_since_at,
        last_updates.last_updated_at,
        min(held_updates.held_since_at) over (
            partition by consumers.environment_slug, consumers.dag_id
        ) as dag_waits_since_at,
        environments.synced_at
    from consumers
    inner join dags
        on
            consumers.environment_slug = dags.environment_slug
            and consumers.dag_id = dags.dag_id
    left join assets
        on
            consumers.environment_slug = assets.environment_slug
            and consumers.asset_id = assets.asset_id
    left join held_updates
        on
            consumers.environment_slug = held_updates.environment_slug
            and consumers.asset_id = held_updates.asset_id
            and consumers.dag_id = held_updates.dag_id
    left join last_updates
        on
            consumers.environment_slug = last_updates.environment_slug
            and consumers.asset_id = last_updates.asset_id
    left join environments
        on consumers.environment_slug = environments.environment_slug

),

measured as (

    select
        {{ surrogate_key(["environment_slug", "dag_id", "asset_id"]) }}
            as asset_wait_key,
        {{ surrogate_key(["environment_slug", "dag_id"]) }} as dag_key,
        {{ surrogate_key(["environment_slug", "asset_id"]) }} as asset_key,
        environment_slug,
        dag_id,
        asset_id,
        asset_name,
        asset_uri,
        held_since_at is null as is_update_missing,
        held_since_at,
        last_updated_at,
        dag_waits_since_at,
        case
            when held_since_at is null
                then {{ delay_seconds("dag_waits_since_at", "synced_at") }}
        end as waited_seconds,
        synced_at
    from joined

)

select * from measured
