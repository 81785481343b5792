-- What was changed on the command line, past the web interface and its roles?
-- The name is that of the account on the machine. Airflow runs and parses on it, too.
select
    environment_slug,
    logged_at,
    actor_name,
    event_name,
    category,
    action,
    object_type,
    dag_id
from {{ ref("fct_audit_events") }}
where
    actor_kind = 'command_line'
    and category in ('access', 'asset', 'backfill', 'config', 'dag', 'run')
order by logged_at desc
