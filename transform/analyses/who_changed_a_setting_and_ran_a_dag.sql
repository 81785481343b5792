-- Who changed a connection, variable or pool, and ran a DAG within four hours?
-- Only by account: who has none is left out, since names may be shared.
select
    config_changes.environment_slug,
    config_changes.actor_name,
    config_changes.object_type,
    config_changes.object_name,
    config_changes.action as change_action,
    config_changes.changed_at,
    interventions.action as run_action,
    interventions.logged_at as run_at,
    interventions.dag_id,
    interventions.run_id
from {{ ref("fct_config_changes") }} as config_changes
inner join {{ ref("fct_manual_interventions") }} as interventions
    on
        config_changes.user_key = interventions.user_key
        and config_changes.changed_at <= interventions.logged_at
        and {{ seconds_between(
            "config_changes.changed_at", "interventions.logged_at"
        ) }} <= 4 * 3600
where
    config_changes.object_type in ('connection', 'variable', 'pool')
    and interventions.action in ('trigger', 'clear', 'backfill')
order by config_changes.changed_at desc, interventions.logged_at desc
