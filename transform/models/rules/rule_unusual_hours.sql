-- Who acted at an hour at which hardly anybody does?
with events as (

    select
        audit_events.environment_slug,
        audit_events.actor_name,
        audit_events.logged_at,
        cast(extract(hour from audit_events.logged_at) as bigint) as hour_of_day,
        finding_windows.synced_at,
        {{ day_of("audit_events.logged_at") }} >= finding_windows.since_on as is_recent
    from {{ ref("fct_audit_events") }} as audit_events
    inner join {{ ref("int_finding_windows") }} as finding_windows
        on audit_events.environment_slug = finding_windows.environment_slug
    where audit_events.actor_kind in ('human', 'command_line')

),

hours as (

    select
        environment_slug,
        hour_of_day,
        count(*) as event_count
    from events
    where not is_recent
    group by environment_slug, hour_of_day

),

-- With the hour before and the one after: clocks are changed.
compared as (

    select
        events.environment_slug,
        events.actor_name,
        events.logged_at,
        events.synced_at,
        sum(hours.event_count) as all_count,
        sum(
            case
                when mod(hours.hour_of_day - events.hour_of_day + 25, 24) <= 2
                    then hours.event_count
                else 0
            end
        ) as usual_count
    from events
    inner join hours on events.environment_slug = hours.environment_slug
    where events.is_recent
    group by
        events.environment_slug,
        events.actor_name,
        events.logged_at,
        events.synced_at

),

counted as (

    select
        environment_slug,
        actor_name,
        synced_at,
        count(*) as unusual_count,
        min(logged_at) as first_at,
        max(logged_at) as last_at
    from compared
    where
        all_count >= {{ var("unusual_after_events") }}
        and usual_count <= {{ var("unusual_hour_share") }} * all_count
    group by environment_slug, actor_name, synced_at

)

select
    {{ finding(
        "unusual_hours",
        "low",
        "counted",
        {"username": "actor_name"},
        [
            "coalesce(actor_name, 'Somebody')",
            "' acted '",
            counted_text("unusual_count", "time"),
            "' at hours at which hardly anybody does, last on '",
            minute_text("last_at"),
        ],
        "unusual_count",
        "0",
        "events",
        "first_at",
        "last_at",
    ) }}
from counted
