-- What does not go on, and will not by itself?
select
    {{ finding(
        "stuck_work",
        "case when stuck_work.reason = 'dag_paused' then 'low' else 'high' end",
        "stuck_work",
        {
            "dag_id": "stuck_work.dag_id",
            "task_id": "stuck_work.task_id",
            "run_id": "stuck_work.run_id",
        },
        [
            "stuck_work.dag_id",
            "coalesce(" ~ words(["'.'", "stuck_work.task_id"]) ~ ", '')",
            "' is stuck'",
            "coalesce(" ~ words([
                "' for '", duration_text("stuck_work.stuck_seconds")
            ]) ~ ", '')",
            "': '",
            "replace(replace(stuck_work.reason, 'dag', 'DAG'), '_', ' ')",
        ],
        "stuck_work.stuck_seconds",
        "stuck_work.threshold_seconds",
        "seconds",
        "stuck_work.since_at",
        "stuck_work.synced_at",
        occurrence="stuck_work.stuck_work_key",
    ) }}
from {{ ref("rpt_stuck_work") }} as stuck_work
