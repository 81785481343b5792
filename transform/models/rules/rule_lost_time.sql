-- Which tasks lost most time in tries that came to nothing?
with task_days as (

    select
        task_days.*,
        finding_windows.synced_at
    from {{ ref("agg_tasks_daily") }} as task_days
    inner join {{ ref("int_finding_windows") }} as finding_windows
        on
            task_days.environment_slug = finding_windows.environment_slug
            and task_days.started_on >= finding_windows.since_on
    where task_days.wasted_hours > 0

),

counted as (

    select
        environment_slug,
        dag_id,
        task_id,
        synced_at,
        sum(wasted_hours) as lost_hours,
        min(started_on) as first_on,
        max(started_on) as last_on
    from task_days
    group by environment_slug, dag_id, task_id, synced_at

),

compared as (

    select
        *,
        sum(lost_hours) over (partition by environment_slug) as all_hours
    from counted

)

select
    {{ finding(
        "lost_time",
        "medium",
        "compared",
        {"dag_id": "dag_id", "task_id": "task_id"},
        [
            "dag_id",
            "'.'",
            "task_id",
            "' lost '",
            as_text("cast(round(lost_hours) as bigint)"),
            "' of the '",
            counted_text("cast(round(all_hours) as bigint)", "hour"),
            "' that failed tries cost there'",
        ],
        "lost_hours",
        "all_hours",
        "hours",
        moment_of_day("first_on"),
        moment_of_day("last_on"),
    ) }}
from compared
where compared.lost_hours >= {{ var("lost_hours") }}
