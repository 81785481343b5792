-- Of which environment is the copy too old?
with latest as (

    select
        environment_slug,
        synced_at,
        max(lag_seconds) as lag_seconds
    from {{ ref("rpt_sync_health") }}
    where is_latest_sync
    group by environment_slug, synced_at

)

select
    {{ finding(
        "late_syncs",
        "high",
        "latest",
        {},
        [
            "latest.environment_slug",
            "' was last synced on '",
            date_text("synced_at"),
        ],
        "lag_seconds / 3600",
        var("longest_sync_age_hours"),
        "hours",
        "synced_at",
        "synced_at",
    ) }}
from latest
where latest.lag_seconds > 3600 * {{ var("longest_sync_age_hours") }}
