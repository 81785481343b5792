with logs as (

    select * from {{ ref("stg_airflow__logs") }}
    where event_name in (
        'patch_dag', 'patch_dags', 'bulk_dags', 'paused', 'cli_dag_pause',
        'cli_dag_unpause'
    )

),

trusted as (

    select * from {{ ref("int_pause_notes_trusted") }}

),

observed as (

    select * from {{ ref("int_pauses_observed") }}

),

-- Airflow 3.0 notes `"is_paused": false` whatever it was asked (apache/airflow#55074).
doubtful as (

    select logs.*
    from logs
    left join trusted
        on logs.environment_slug = trusted.environment_slug
    where
        logs.event_name in ('patch_dag', 'patch_dags')
        and logs.extra like '%"is_paused": %'
        and (
            trusted.trusted_since_at is null
            or logs.logged_at < trusted.trusted_since_at
        )

),

-- What one sync saw change since the one before is the work of an event if there was no
-- other that might have done it.
explained as (

    select
        doubtful.environment_slug,
        doubtful.log_id,
        observed.is_paused
    from doubtful
    inner join observed
        on
            doubtful.environment_slug = observed.environment_slug
            and doubtful.dag_id = observed.dag_id
            and doubtful.logged_at > observed.unchanged_until_at
            and doubtful.logged_at <= observed.observed_at
    inner join logs
        on
            doubtful.environment_slug = logs.environment_slug
            and observed.unchanged_until_at < logs.logged_at
            and observed.observed_at >= logs.logged_at
            and (
                doubtful.dag_id = logs.dag_id
                or logs.dag_id is null
                or logs.event_name like 'cli_%'
            )
    group by doubtful.environment_slug, doubtful.log_id, observed.is_paused
    having count(*) = 1

),

resolved as (

    select
        doubtful.environment_slug,
        doubtful.log_id,
        explained.is_paused
    from doubtful
    left join explained
        on
            doubtful.environment_slug = explained.environment_slug
            and doubtful.log_id = explained.log_id

)

select * from resolved
