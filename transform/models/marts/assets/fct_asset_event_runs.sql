with event_runs as (

    select * from {{ ref("int_asset_event_runs_unified") }}

),

asset_events as (

    select * from {{ ref("fct_asset_events") }}

),

dag_runs as (

    select * from {{ ref("fct_dag_runs") }}

),

joined as (

    select
        {{ surrogate_key([
            "event_runs.environment_slug",
            "event_runs.asset_event_id",
            "event_runs.dag_run_id",
        ]) }} as asset_event_run_key,
        asset_events.asset_event_key,
        asset_events.asset_key,
        dag_runs.dag_run_key,
        dag_runs.dag_key,
        asset_events.dag_run_key as source_dag_run_key,
        asset_events.task_instance_key as source_task_instance_key,
        event_runs.environment_slug,
        event_runs.asset_event_id,
        event_runs.dag_run_id,
        dag_runs.dag_id,
        dag_runs.run_id,
        asset_events.asset_name,
        asset_events.asset_uri,
        asset_events.source_dag_id,
        asset_events.source_run_id,
        asset_events.source_task_id,
        asset_events.source_map_index,
        asset_events.occurred_at,
        dag_runs.started_at as run_started_at,
        {{ delay_seconds("asset_events.occurred_at", "dag_runs.started_at") }}
            as start_delay_seconds,
        row_number() over (
            partition by event_runs.environment_slug, event_runs.dag_run_id
            order by
                case when asset_events.occurred_at is null then 1 else 0 end asc,
                asset_events.occurred_at desc,
                event_runs.asset_event_id desc
        ) = 1 as is_latest_event,
        event_runs.extracted_at,
        event_runs.is_deleted_at_source,
        event_runs.deleted_at_source_at
    from event_runs
    left join asset_events
        on
            event_runs.environment_slug = asset_events.environment_slug
            and event_runs.asset_event_id = asset_events.asset_event_id
    left join dag_runs
        on
            event_runs.environment_slug = dag_runs.environment_slug
            and event_runs.dag_run_id = dag_runs.dag_run_id

)

select * from joined
