-- Which DAGs fail, again and again or often?
with runs as (

    select
        dags.environment_slug,
        dags.dag_id,
        dags.is_paused,
        finding_windows.synced_at,
        dag_runs.first_state,
        dag_runs.first_ended_at,
        dag_runs.ended_at,
        {{ day_of("dag_runs.first_started_at") }} >= finding_windows.since_on
            as is_recent,
        dag_runs.state = 'failed'
        and coalesce(dag_runs.ended_at > dags.last_success_at, true)
            as is_without_success_since
    from {{ ref("fct_dag_runs") }} as dag_runs
    inner join {{ ref("int_finding_windows") }} as finding_windows
        on dag_runs.environment_slug = finding_windows.environment_slug
    inner join {{ ref("dim_dags") }} as dags on dag_runs.dag_key = dags.dag_key
    where
        dag_runs.first_state in ('success', 'failed')
        and dags.is_active
        and not dags.is_deleted_at_source

),

counted as (

    select
        environment_slug,
        dag_id,
        is_paused,
        synced_at,
        sum(case when is_recent then 1 else 0 end) as run_count,
        sum(case when is_recent and first_state = 'failed' then 1 else 0 end)
            as failed_run_count,
        sum(case when is_without_success_since then 1 else 0 end)
            as failed_in_a_row_count,
        min(case when is_without_success_since then ended_at end) as fails_since_at,
        min(case when is_recent and first_state = 'failed' then first_ended_at end)
            as first_failed_at,
        max(case when first_state = 'failed' then first_ended_at end) as last_failed_at
    from runs
    group by environment_slug, dag_id, is_paused, synced_at

),

judged as (

    select
        *,
        failed_in_a_row_count >= {{ var("failing_after_runs") }} as is_failing,
        {{ share("failed_run_count", "run_count") }} as failed_share
    from counted

)

select
    {{ finding(
        "failing_dags",
        "case when is_failing and not is_paused then 'high' else 'medium' end",
        "judged",
        {"dag_id": "dag_id"},
        [
            "dag_id",
            "case when is_failing then "
            ~ words([
                "' failed in its last '",
                counted_text("failed_in_a_row_count", "run"),
                "', since '",
                date_text("fails_since_at"),
                "case when is_paused then ', and is paused' else '' end",
            ])
            ~ " else "
            ~ words([
                "' failed in '",
                as_text("failed_run_count"),
                "' of '",
                counted_text("run_count", "run"),
            ])
            ~ " end",
        ],
        "case when is_failing then failed_in_a_row_count else failed_run_count end",
        "case when is_failing then " ~ var("failing_after_runs") ~ " else run_count end",
        "runs",
        "case when is_failing then fails_since_at else first_failed_at end",
        "last_failed_at",
    ) }}
from judged
where
    judged.is_failing
    or (
        judged.failed_run_count >= {{ var("failing_after_runs") }}
        and judged.failed_share >= {{ var("failing_share") }}
    )
