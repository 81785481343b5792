-- Which DAGs does nobody seem to need?
select
    {{ finding(
        "unused_dags",
        "low",
        "finding_windows",
        {"dag_id": "dags.dag_id"},
        [
            "dags.dag_id",
            "coalesce(" ~ words([
                "' has not run since '", date_text("dags.last_run_started_at")
            ]) ~ ", ' never ran')",
        ],
        days_between(day_of("dags.last_run_started_at"), "finding_windows.today_on"),
        var("unused_after_days"),
        "days",
        "dags.last_run_started_at",
        "finding_windows.synced_at",
    ) }}
from {{ ref("dim_dags") }} as dags
inner join {{ ref("int_finding_windows") }} as finding_windows
    on dags.environment_slug = finding_windows.environment_slug
where dags.is_unused and not dags.is_deleted_at_source
