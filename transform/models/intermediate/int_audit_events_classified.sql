with logs as (

    select * from {{ ref("stg_airflow__logs") }}

),

audit_events as (

    select * from {{ ref("audit_events") }}

),

-- Airflow 2.9 to 2.11 put the way it came in before what the REST API was asked to do.
named as (

    select
        *,
        case
            when event_name like 'api.%' then substring(event_name, 5)
            when event_name like 'ui.%' then substring(event_name, 4)
            else event_name
        end as plain_event_name,
        -- Only what Airflow writes about a task instance has a map index; a request
        -- never does, or since Airflow 3.4 without a try's number. That tells a task
        -- that failed from a user who marks it as failed.
        map_index is not null
        and (task_instance_id is null or try_number is not null) as is_written_by_task
    from logs

),

acted as (

    select
        named.*,
        audit_events.category,
        audit_events.action,
        audit_events.object_type,
        audit_events.is_destructive,
        case
            when named.is_written_by_task or not audit_events.is_human then 'system'
            when named.event_name like 'cli_%' then 'command_line'
            when audit_events.is_human is null then 'unknown'
            -- Airflow itself pauses a DAG after too many failed runs.
            when named.plain_event_name = 'paused' and named.owner_name = 'scheduler'
                then 'system'
            when {{ is_service_account("named.owner_name") }} then 'service_account'
            else 'human'
        end as actor_kind,
        -- How Airflow wrote the new state of a DAG: as JSON since 2.9, its pages since
        -- 3.4 by name; as a list of pairs before, and before 2.8 with what the page was
        -- asked, which is the opposite.
        case
            when
                named.event_name = 'drain_completed'
                or named.extra like '%"is_paused": true%'
                or named.extra like '%"scheduling_state": "paused"%'
                or named.extra like {{ literal("%('is_paused', True)%") }}
                or named.extra like {{ literal("%('is_paused', 'false')%") }}
                then true
            when
                named.extra like '%"is_paused": false%'
                or named.extra like '%"scheduling_state": "active"%'
                or named.extra like {{ literal("%('is_paused', False)%") }}
                or named.extra like {{ literal("%('is_paused', 'true')%") }}
                then false
        end as is_paused,
        coalesce(named.extra like '%"scheduling_state": "draining"%', false)
            as is_draining
    from named
    left join audit_events on named.plain_event_name = audit_events.event

),

classified as (

    select
        environment_slug,
        log_id,
        logged_at,
        event_name,
        plain_event_name,
        coalesce(category, 'unclassified') as category,
        case
            when is_written_by_task and plain_event_name in ('success', 'failed')
                then 'finish'
            when category = 'dag' and is_paused then 'pause'
            when category = 'dag' and not is_paused then 'unpause'
            when category = 'dag' and is_draining then 'drain'
            else coalesce(action, 'unclassified')
        end as action,
        coalesce(object_type, 'unclassified') as object_type,
        actor_kind,
        case
            -- Airflow 2.6, for one, adds the full name: jane (Jane Doe).
            when actor_kind not in ('system', 'unknown')
                then {{ text_before("owner_name", " (") }}
        end as actor_name,
        case
            when actor_kind not in ('command_line', 'unknown') then actor_kind = 'human'
        end as is_human,
        coalesce(is_destructive, false) as is_destructive,
        is_paused,
        dag_id,
        {{ logged_list("extra", "dag_ids") }} as listed_dag_ids,
        task_id,
        run_id,
        map_index,
        try_number,
        task_instance_id,
        team_name,
        logical_at,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from acted

)

select * from classified
