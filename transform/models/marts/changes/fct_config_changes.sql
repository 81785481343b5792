with config_changes as (

    select * from {{ ref("int_config_changes_named") }}

),

observed_changes as (

    select * from {{ ref("int_config_changes_observed") }}

),

seen_changes as (

    select * from {{ ref("int_config_changes_seen") }}
    where object_type not in ('user', 'permission')

),

audit_events as (

    select * from {{ ref("fct_audit_events") }}

),

-- What syncs saw differ around an event is what it changed, or one close to it.
seen_around as (

    select
        config_changes.environment_slug,
        config_changes.log_id,
        min(seen_changes.changed_columns) as changed_columns
    from config_changes
    inner join seen_changes
        on
            config_changes.environment_slug = seen_changes.environment_slug
            and config_changes.object_type = seen_changes.object_type
            and config_changes.object_name = seen_changes.object_name
            and config_changes.logged_at > seen_changes.unchanged_until_at
            and config_changes.logged_at <= seen_changes.changed_at
    where seen_changes.action = 'edit'
    group by config_changes.environment_slug, config_changes.log_id

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
        seen_around.changed_columns,
        audit_events.actor_kind,
        audit_events.actor_name,
        true as is_attributed,
        audit_events.is_destructive,
        audit_events.is_deleted_at_source,
        audit_events.deleted_at_source_at
    from config_changes
    inner join audit_events
        on
            config_changes.environment_slug = audit_events.environment_slug
            and config_changes.log_id = audit_events.log_id
    left join seen_around
        on
            config_changes.environment_slug = seen_around.environment_slug
            and config_changes.log_id = seen_around.log_id

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
        case when action = 'edit' then changed_columns end as changed_columns,
        'unknown' as actor_kind,
        {{ null_like("object_name") }} as actor_name,
        false as is_attributed,
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
