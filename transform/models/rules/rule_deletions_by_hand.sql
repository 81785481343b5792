-- Who deleted runs, DAGs or configuration by hand?
with deletions as (

    select
        events.environment_slug,
        events.actor_name,
        events.object_type,
        events.logged_at,
        finding_windows.synced_at,
        row_number() over (
            partition by events.environment_slug, events.actor_name
            order by events.logged_at desc, events.log_id desc
        ) as recency_rank
    from {{ ref("fct_audit_events") }} as events
    inner join {{ ref("int_finding_windows") }} as finding_windows
        on
            events.environment_slug = finding_windows.environment_slug
            and {{ day_of("events.logged_at") }} >= finding_windows.since_on
    where events.is_human and events.is_destructive

),

counted as (

    select
        environment_slug,
        actor_name,
        synced_at,
        count(*) as deletion_count,
        max(case when recency_rank = 1 then object_type end) as last_object_type,
        min(logged_at) as first_at,
        max(logged_at) as last_at
    from deletions
    group by environment_slug, actor_name, synced_at

)

select
    {{ finding(
        "deletions_by_hand",
        "medium",
        "counted",
        {"username": "actor_name"},
        [
            "coalesce(actor_name, 'Somebody')",
            "' deleted by hand '",
            counted_text("deletion_count", "time"),
            "', last a '",
            "replace(replace(last_object_type, 'dag', 'DAG'), '_', ' ')",
            "' on '",
            date_text("last_at"),
        ],
        "deletion_count",
        "0",
        "deletions",
        "first_at",
        "last_at",
    ) }}
from counted
where counted.deletion_count >= {{ var("deletions_by_hand") }}
