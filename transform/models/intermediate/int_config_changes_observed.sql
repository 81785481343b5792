with changes as (

    select * from {{ ref("int_config_changes_seen") }}

),

told as (

    select * from {{ ref("int_config_changes_named") }}

),

untold as (

    select
        changes.environment_slug,
        changes.object_type,
        changes.object_key,
        changes.version_number,
        changes.object_name,
        changes.role_name,
        changes.changed_columns,
        changes.action,
        changes.changed_at,
        changes.unchanged_until_at
    from changes
    left join told
        on
            changes.environment_slug = told.environment_slug
            and changes.event_object_type = told.object_type
            and changes.event_object_name
            = coalesce(told.object_name, changes.event_object_name)
            and changes.unchanged_until_at < told.logged_at
            and changes.changed_at >= told.logged_at
    where told.log_id is null

)

select * from untold
