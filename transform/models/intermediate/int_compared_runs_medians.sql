select
    environment_slug,
    dag_id,
    measure_name,
    is_recent,
    count(*) as run_count,
    min(first_started_at) as first_at,
    max(first_started_at) as last_at,
    {{ percentile("measured_seconds", 0.5) }} as p50_seconds
from {{ ref("int_compared_runs_listed") }}
group by environment_slug, dag_id, measure_name, is_recent
