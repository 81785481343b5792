with audit_events as (

    select * from {{ ref("int_audit_events_classified") }}

),

made as (

    select * from {{ ref("int_manual_runs_made") }}

),

triggers as (

    select
        environment_slug,
        log_id,
        dag_id,
        run_id,
        logged_at,
        actor_name,
        case
            when actor_kind = 'command_line' then 'cli'
            when plain_event_name = 'trigger' or event_name like 'ui.%' then 'ui'
            else 'rest_api'
        end as triggered_by
    from audit_events
    where
        category = 'run'
        and action = 'trigger'
        and object_type = 'dag_run'

),

-- An event can only explain the first run after it, and a run only comes from the last
-- event before it. Longer than ten seconds no request takes to make its run.
pairs as (

    select
        made.environment_slug,
        made.dag_run_id,
        triggers.log_id,
        triggers.triggered_by,
        triggers.actor_name as triggered_by_username,
        row_number() over (
            partition by made.environment_slug, made.dag_run_id
            order by triggers.logged_at desc, triggers.log_id desc
        ) as event_rank,
        row_number() over (
            partition by made.environment_slug, triggers.log_id
            order by made.made_at asc, made.dag_run_id asc
        ) as run_rank
    from made
    inner join triggers
        on
            made.environment_slug = triggers.environment_slug
            and made.dag_id = triggers.dag_id
            and (triggers.run_id is null or made.run_id = triggers.run_id)
            and {{ seconds_between("triggers.logged_at", "made.made_at") }}
            between 0 and 10

),

matched as (

    select
        environment_slug,
        dag_run_id,
        log_id,
        triggered_by,
        triggered_by_username
    from pairs
    where event_rank = 1 and run_rank = 1

)

select * from matched
