with sync_manifests as (

    select * from {{ ref("stg_airflow__sync_manifests") }}

),

audit_events as (

    select * from {{ ref("audit_events") }}

),

-- No provider of an older Airflow writes events of these categories. Airflow 3.0 never
-- notes that a DAG is paused.
signs as (

    select
        environment_slug,
        extracted_at as seen_at
    from sync_manifests
    where airflow_version >= '3.1'
    union all
    select
        log_rows.environment_slug,
        log_rows.logged_at as seen_at
    from {{ ref("stg_airflow__logs") }} as log_rows
    inner join audit_events
        on log_rows.event_name = audit_events.event
    where
        audit_events.since >= '3.1'
        and audit_events.category in ('run', 'task', 'dag', 'backfill')
        and log_rows.event_name not like 'cli_%'
    union all
    select
        environment_slug,
        logged_at as seen_at
    from {{ ref("stg_airflow__logs") }}
    where
        event_name in ('patch_dag', 'patch_dags')
        and extra like '%"is_paused": true%'

),

earliest as (

    select
        environment_slug,
        min(seen_at) as trusted_since_at
    from signs
    group by environment_slug

)

select * from earliest
