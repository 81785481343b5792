-- Which tasks succeed only when they are tried again?
with counted as (

    select
        task_days.environment_slug,
        task_days.dag_id,
        task_days.task_id,
        finding_windows.synced_at,
        sum(task_days.flaky_instance_count) as flaky_count,
        sum(task_days.finished_instance_count) as finished_count,
        min(case when task_days.flaky_instance_count > 0 then task_days.started_on end)
            as first_on,
        max(case when task_days.flaky_instance_count > 0 then task_days.started_on end)
            as last_on
    from {{ ref("agg_tasks_daily") }} as task_days
    inner join {{ ref("int_finding_windows") }} as finding_windows
        on
            task_days.environment_slug = finding_windows.environment_slug
            and task_days.started_on >= finding_windows.since_on
    group by
        task_days.environment_slug,
        task_days.dag_id,
        task_days.task_id,
        finding_windows.synced_at

)

select
    {{ finding(
        "flaky_tasks",
        "low",
        "counted",
        {"dag_id": "dag_id", "task_id": "task_id"},
        [
            "dag_id",
            "'.'",
            "task_id",
            "' needed a second try in '",
            as_text("flaky_count"),
            "' of '",
            as_text("finished_count"),
            "' task instances'",
        ],
        "flaky_count",
        "finished_count",
        "task instances",
        moment_of_day("first_on"),
        moment_of_day("last_on"),
    ) }}
from counted
where
    counted.flaky_count >= {{ var("flaky_instances") }}
    and {{ share("counted.flaky_count", "counted.finished_count") }}
    >= {{ var("flaky_share") }}
