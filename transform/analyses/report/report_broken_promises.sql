-- Which service level agreements and deadlines were missed, and how late was it?
select
    environment_slug,
    miss_kind,
    dag_id,
    task_id,
    missed_at,
    late_seconds,
    outcome,
    was_notified
from {{ ref("fct_sla_misses") }}
where
    {{ in_period("missed_at") }}
    and {{ of_environments("environment_slug") }}
    and {{ of_dags("dag_key") }}
order by missed_at desc, sla_miss_key asc
limit 201
