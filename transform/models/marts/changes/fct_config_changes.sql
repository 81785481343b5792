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
        case when 1 = 0 then audit_events.logged_at end as unchanged_until_at,
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
        case when 1 = 0 then object_key end as user_key,
        environment_slug,
        case when 1 = 0 then version_number end as log_id,
        changed_at,
        unchanged_until_at,
        case when 1 = 0 then action end as event_name,
        action,
        object_type,
        object_name,
        role_name,
        'unknown' as actor_kind,
        case when 1 = 0 then object_name end as actor_name,
        action = 'delete' as is_destructive,
        false as is_deleted_at_source,
        case when 1 = 0 then changed_at end as deleted_at_source_at
    from observed_changes

),

unioned as (

    select * from told
    union all
    select * from observed

)

select * from unioned
