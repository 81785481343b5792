with config_changes as (

    select * from {{ ref("int_config_changes_named") }}

),

observed_changes as (

    select * from {{ ref("int_config_changes_observed") }}

),

audit_events as (

    select * from {{ ref("fct_audit_events") }}

),

told as (

    select
        audit_events.audit_event_key as config_change_key,
        audit_events.user_key,
        audit_events.environment_slug,
        audit_events.log_id,
        audit_events.logged_at as changed_at,
        {{ null_like("audit_events.logged_at") }} as unchanged_until_at,
        audit_events.event_name,
        audit_events.action,
        config_changes.object_type,
        config_changes.object_name,
        config_changes.role_name,
        audit_events.actor_kind,
        audit_events.actor_name,
        audit_events.is_destructive,
        audit_events.is_deleted_at_source,
        audit_events.deleted_at_source_at
    from config_changes
    inner join audit_events
        on
            config_changes.environment_slug = audit_events.environment_slug
            and config_changes.log_id = audit_events.log_id

),

observed as (

    select
        {{ surrogate_key(["object_type", "object_key", "version_number"]) }}
            as config_change_key,
        {{ null_like("object_key") }} as user_key,
        environment_slug,
        {{ null_like("version_number") }} as log_id,
        changed_at,
        unchanged_until_at,
        {{ null_like("action") }} as event_name,
        action,
        object_type,
        object_name,
        role_name,
        'unknown' as actor_kind,
        {{ null_like("object_name") }} as actor_name,
        action = 'delete' as is_destructive,
        false as is_deleted_at_source,
        {{ null_like("changed_at") }} as deleted_at_source_at
    from observed_changes

),

unioned as (

    select * from told
    union all
    select * from observed

)

select * from unioned
