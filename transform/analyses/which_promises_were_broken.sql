-- Which service level agreements and deadlines were missed, and how late was it?
select
    environment_slug,
    dag_id,
    task_id,
    run_id,
    miss_kind,
    missed_at,
    outcome,
    completed_at,
    late_seconds / 60 as late_minutes
from {{ ref("fct_sla_misses") }}
order by missed_at desc
