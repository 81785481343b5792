with backfills as (

    select * from {{ ref("stg_airflow__backfills") }}

),

audit_events as (

    select * from {{ ref("int_audit_events_classified") }}
    where category = 'backfill' and action = 'create'

),

-- Airflow writes the event, then makes the backfill with its runs.
ranked as (

    select
        backfills.environment_slug,
        backfills.backfill_id,
        audit_events.log_id,
        audit_events.actor_name as triggered_by_username,
        row_number() over (
            partition by backfills.environment_slug, backfills.backfill_id
            order by audit_events.logged_at desc, audit_events.log_id desc
        ) as event_rank
    from backfills
    inner join audit_events
        on
            backfills.environment_slug = audit_events.environment_slug
            and backfills.dag_id = audit_events.dag_id
            and {{ seconds_between("audit_events.logged_at", "backfills.created_at") }}
            between 0 and 60

),

matched as (

    select
        environment_slug,
        backfill_id,
        log_id,
        triggered_by_username
    from ranked
    where event_rank = 1

)

select * from matched
