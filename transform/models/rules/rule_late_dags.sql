-- Which DAGs are done longer after they were due than in the weeks before?
select
    {{ finding(
        "late_dags",
        "medium",
        "finding_windows",
        {"dag_id": "dags.dag_id"},
        [
            "dags.dag_id",
            "' is done '",
            duration_text("dags.p50_seconds"),
            "' after it is due, where it was '",
            duration_text("dags.earlier_p50_seconds"),
            "' before'",
        ],
        "dags.p50_seconds",
        "dags.earlier_p50_seconds",
        "seconds",
        "dags.first_at",
        "dags.last_at",
    ) }}
from {{ ref("int_compared_dags_judged") }} as dags
inner join {{ ref("int_finding_windows") }} as finding_windows
    on dags.environment_slug = finding_windows.environment_slug
where {{ has_grown("dags", "landing_delay", var("later_seconds")) }}
