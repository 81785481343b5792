with asset_events as (

    select * from {{ ref("int_asset_events_unified") }}

),

assets as (

    select * from {{ ref("int_assets_unified") }}

),

event_runs as (

    select * from {{ ref("int_asset_event_runs_unified") }}

),

tries as (

    select * from {{ ref("int_task_tries_keyed") }}

),

run_ids as (

    select * from {{ ref("int_run_ids_resolved") }}

),

-- Deleted runs count: that they are gone does not unmake them.
run_totals as (

    select
        environment_slug,
        asset_event_id,
        count(*) as triggered_run_count
    from event_runs
    group by environment_slug, asset_event_id

),

joined as (

    select
        {{ surrogate_key([
            "asset_events.environment_slug", "asset_events.asset_event_id"
        ]) }} as asset_event_key,
        {{ surrogate_key([
            "asset_events.environment_slug", "asset_events.asset_id"
        ]) }} as asset_key,
        case
            when asset_events.source_dag_id is not null
                then {{ surrogate_key([
                    "asset_events.environment_slug", "asset_events.source_dag_id"
                ]) }}
        end as dag_key,
        case
            when run_ids.dag_run_id is not null
                then {{ surrogate_key(
                    ["run_ids.environment_slug", "run_ids.dag_run_id"]
                ) }}
        end as dag_run_key,
        case
            when tries.task_instance_key is not null then tries.task_instance_key
            when asset_events.source_task_id is not null
                then {{ surrogate_key([
                    "asset_events.environment_slug",
                    "asset_events.source_dag_id",
                    "asset_events.source_run_id",
                    "asset_events.source_task_id",
                    "asset_events.source_map_index",
                ]) }}
        end as task_instance_key,
        asset_events.environment_slug,
        asset_events.asset_event_id,
        asset_events.asset_id,
        assets.asset_name,
        assets.asset_uri,
        asset_events.source_dag_id,
        asset_events.source_run_id,
        asset_events.source_task_id,
        asset_events.source_map_index,
        asset_events.occurred_at,
        asset_events.partition_key,
        coalesce(run_totals.triggered_run_count, 0) as triggered_run_count,
        asset_events.extracted_at,
        asset_events.is_deleted_at_source,
        asset_events.deleted_at_source_at
    from asset_events
    left join assets
        on
            asset_events.environment_slug = assets.environment_slug
            and asset_events.asset_id = assets.asset_id
    left join run_ids
        on
            asset_events.environment_slug = run_ids.environment_slug
            and asset_events.source_dag_id = run_ids.dag_id
            and asset_events.source_run_id = run_ids.run_id
    left join tries
        on
            asset_events.environment_slug = tries.environment_slug
            and asset_events.source_task_instance_id = tries.task_instance_id
    left join run_totals
        on
            asset_events.environment_slug = run_totals.environment_slug
            and asset_events.asset_event_id = run_totals.asset_event_id

)

select * from joined
