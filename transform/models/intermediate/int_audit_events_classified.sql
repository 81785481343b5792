with named as (

    select * from {{ ref("int_audit_events_noted") }}

),

audit_events as (

    select * from {{ ref("audit_events") }}

),

acted as (

    select
        named.*,
        audit_events.category,
        audit_events.action,
        audit_events.object_type,
        -- From Airflow 2.9 on, which notes JSON, the API's events have a prefix.
        case
            when audit_events.until = '2.11.0' and named.is_noted_as_json then 'ui'
            else audit_events.channel
        end as channel,
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
        end as actor_kind
    from named
    left join audit_events on named.plain_event_name = audit_events.event

),

decided as (

    select
        *,
        case
            when is_written_by_task and plain_event_name in ('success', 'failed')
                then 'finish'
            when category = 'dag' and is_paused then 'pause'
            when category = 'dag' and not is_paused then 'unpause'
            when category = 'dag' and is_draining then 'drain'
            when verdict = 'approved' then 'approve'
            when verdict = 'rejected' then 'reject'
            -- The mask may have let through either.
            when is_masked and has_note is not null and new_state is not null
                then coalesce(action, 'unclassified')
            when action = 'changed' and new_state is not null then 'mark'
            when action = 'changed' and has_note is not null then 'annotate'
            else coalesce(action, 'unclassified')
        end as decided_action
    from acted

),

classified as (

    select
        environment_slug,
        log_id,
        logged_at,
        event_name,
        plain_event_name,
        coalesce(category, 'unclassified') as category,
        decided_action as action,
        coalesce(object_type, 'unclassified') as object_type,
        case when decided_action in ('mark', 'edit') then new_state end as new_state,
        case
            when decided_action in ('pause', 'unpause') and is_paused is not null
                then 'is_paused: ' || case when is_paused then 'true' else 'false' end
            when object_type = 'pool' then 'slots: ' || slots
            when decided_action in ('mark', 'annotate') and has_note is not null
                then 'has_note: ' || case when has_note then 'true' else 'false' end
        end as new_value,
        coalesce(
            named_channel,
            case when actor_kind in ('human', 'service_account') then channel end
        ) as channel,
        -- Before Airflow 2.9 the API's requests are noted without what they said.
        case
            when event_name = 'dag_run.create' then null
            when category = 'run' and decided_action = 'trigger' then has_conf
        end as has_conf,
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
        listed_dag_ids,
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
    from decided

)

select * from classified
