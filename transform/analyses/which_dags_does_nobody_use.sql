-- Which DAGs does nobody use, although Airflow still parses them?
select
    environment_slug,
    dag_id,
    owner_names,
    schedule,
    is_paused,
    run_count,
    last_run_started_at
from {{ ref("dim_dags") }}
where is_unused
order by environment_slug, last_run_started_at, dag_id
