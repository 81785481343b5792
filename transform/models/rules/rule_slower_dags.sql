-- Which DAGs take longer than in the weeks before, by more than chance?
select
    {{ finding(
        "slower_dags",
        "medium",
        "finding_windows",
        {"dag_id": "dags.dag_id"},
        [
            "dags.dag_id",
            "' takes '",
            duration_text("dags.p50_seconds"),
            "' where it took '",
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
where {{ has_grown("dags", "duration", var("slower_seconds")) }}
