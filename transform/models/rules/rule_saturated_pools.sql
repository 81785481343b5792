-- In which pools does work wait for slots?
with counted as (

    select
        hours.environment_slug,
        hours.pool_name,
        finding_windows.synced_at,
        count(*) as full_hour_count,
        min(hours.hour_at) as first_at,
        max(hours.hour_at) as last_at
    from {{ ref("agg_pools_hourly") }} as hours
    inner join {{ ref("int_finding_windows") }} as finding_windows
        on
            hours.environment_slug = finding_windows.environment_slug
            and {{ day_of("hours.hour_at") }} >= finding_windows.since_on
    where hours.saturation_share >= {{ var("saturated_share") }}
    group by hours.environment_slug, hours.pool_name, finding_windows.synced_at

)

select
    {{ finding(
        "saturated_pools",
        "medium",
        "counted",
        {"object_name": "pool_name"},
        [
            "'The pool '",
            "pool_name",
            "' was full to '",
            percent_text(var("saturated_share")),
            "' or more in '",
            counted_text("full_hour_count", "hour"),
            "', last on '",
            date_text("last_at"),
        ],
        "full_hour_count",
        var("saturated_hours"),
        "hours",
        "first_at",
        "last_at",
    ) }}
from counted
where counted.full_hour_count >= {{ var("saturated_hours") }}
