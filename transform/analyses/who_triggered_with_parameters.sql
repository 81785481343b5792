-- Who triggered a run with parameters of their own? What they were is not read.
-- Service accounts are among them.
select
    environment_slug,
    logged_at,
    actor_kind,
    actor_name,
    channel,
    dag_id
from {{ ref("fct_audit_events") }}
where action = 'trigger' and has_conf
order by logged_at desc
