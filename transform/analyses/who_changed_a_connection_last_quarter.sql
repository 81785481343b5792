-- Who changed a connection in the ninety days up to the newest event of the audit log?
with newest_events as (

    select
        environment_slug,
        max(logged_at) as newest_at
    from {{ ref("fct_audit_events") }}
    group by environment_slug

)

select
    config_changes.environment_slug,
    config_changes.changed_at,
    config_changes.actor_kind,
    config_changes.actor_name,
    config_changes.action,
    config_changes.object_name as conn_id
from {{ ref("fct_config_changes") }} as config_changes
inner join newest_events
    on config_changes.environment_slug = newest_events.environment_slug
where
    config_changes.object_type = 'connection'
    and {{ seconds_between("config_changes.changed_at", "newest_events.newest_at") }}
    < 90 * 86400
order by config_changes.changed_at desc
