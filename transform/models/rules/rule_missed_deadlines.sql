-- Which DAGs missed an SLA or a deadline that they have?
with counted as (

    select
        misses.environment_slug,
        misses.dag_id,
        misses.miss_kind,
        finding_windows.synced_at,
        count(*) as miss_count,
        min(misses.missed_at) as first_at,
        max(misses.missed_at) as last_at
    from {{ ref("fct_sla_misses") }} as misses
    inner join {{ ref("int_finding_windows") }} as finding_windows
        on
            misses.environment_slug = finding_windows.environment_slug
            and {{ day_of("misses.missed_at") }} >= finding_windows.since_on
    group by
        misses.environment_slug,
        misses.dag_id,
        misses.miss_kind,
        finding_windows.synced_at

)

select
    {{ finding(
        "missed_deadlines",
        "high",
        "counted",
        {"dag_id": "dag_id", "object_name": "miss_kind"},
        [
            "dag_id",
            "' missed its '",
            "case when miss_kind = 'sla' then 'SLA' else miss_kind end",
            "' '",
            counted_text("miss_count", "time"),
            "', last on '",
            date_text("last_at"),
        ],
        "miss_count",
        "0",
        "misses",
        "first_at",
        "last_at",
    ) }}
from counted
where counted.miss_count >= {{ var("missed_deadlines") }}
