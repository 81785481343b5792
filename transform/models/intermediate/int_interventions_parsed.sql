-- A table: five models and tests read it, and it is small.
{{ config(materialized="table") }}

with audit_events as (

    select * from {{ ref("int_audit_events_classified") }}

),

logs as (

    select
        environment_slug,
        log_id,
        coalesce(extra, '') as extra
    from {{ ref("stg_airflow__logs") }}

),

asked as (

    select
        audit_events.environment_slug,
        audit_events.log_id,
        audit_events.logged_at,
        audit_events.event_name,
        audit_events.plain_event_name,
        audit_events.action,
        audit_events.object_type,
        audit_events.new_state,
        audit_events.dag_id,
        audit_events.task_id,
        -- Before Airflow 2.9 the log has no column for it.
        coalesce(
            audit_events.run_id,
            {{ logged_text("logs.extra", ["dag_run_id", "run_id"]) }},
            nullif({{ text_between("logs.extra", "('dag_run_id', '", "'") }}, ''),
            nullif({{ text_between("logs.extra", "('run_id', '", "'") }}, ''),
            {{ commanded_text("logs.extra", [["--run-id"]]) }}
        ) as run_id,
        audit_events.logical_at,
        {{ logged_number("logs.extra", "map_index") }} as asked_map_index,
        {{ is_logged_as_on(
            "logs.extra", ["past", "future", "include_past", "include_future"]
        ) }} as is_across_runs,
        {{ is_logged_as_on(
            "logs.extra",
            ["upstream", "downstream", "include_upstream", "include_downstream"]
        ) }} as is_across_tasks,
        -- Pages of Airflow 2 show first what would happen, and both APIs do so unless
        -- told otherwise. Before 2.9 the log does not hold what the API was told.
        case
            when logs.extra = '' then false
            when
                audit_events.event_name in (
                    'clear', 'dagrun_clear', 'dagrun_failed', 'dagrun_queued',
                    'dagrun_success'
                )
                then not {{ is_logged_as_on("logs.extra", ["confirmed"]) }}
            when audit_events.event_name in ('dagrun.edit', 'taskinstance.edit')
                then logs.extra not like '%state%'
            when
                substring(logs.extra, 1, 1) = '{'
                and (
                    audit_events.plain_event_name in (
                        'clear_dag_run', 'clear_dag_run_partitions', 'clear_dag_runs',
                        'post_clear_task_instances', 'post_set_task_instances_state'
                    )
                    or audit_events.event_name in (
                        'api.patch_task_instance', 'api.patch_mapped_task_instance',
                        'ui.patch_task_instance', 'ui.patch_mapped_task_instance'
                    )
                )
                then logs.extra not like '%"dry_run": false%'
            else false
        end as is_preview
    from audit_events
    inner join logs
        on
            audit_events.environment_slug = logs.environment_slug
            and audit_events.log_id = logs.log_id
    where
        audit_events.category in ('run', 'task', 'dag', 'backfill')
        and audit_events.action in (
            'trigger', 'clear', 'mark', 'delete', 'pause', 'unpause', 'drain',
            'create', 'cancel', 'edit', 'changed', 'approve', 'reject', 'answer',
            'annotate'
        )
        and audit_events.plain_event_name not in ('favorite_dag', 'unfavorite_dag')
        and audit_events.actor_kind in ('human', 'command_line')

),

carried_out as (

    select * from asked
    where not is_preview

)

select * from carried_out
