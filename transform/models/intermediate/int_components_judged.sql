with jobs as (

    select * from {{ ref("stg_airflow__jobs") }}

),

job_teams as (

    select * from {{ ref("int_job_teams_listed") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

-- What Airflow 2 also calls a job, a task or a backfill while it runs, is no component.
components as (

    select
        jobs.environment_slug,
        jobs.job_id,
        case
            when jobs.job_type = 'SchedulerJob' then 'scheduler'
            when jobs.job_type = 'TriggererJob' then 'triggerer'
            when jobs.job_type = 'DagProcessorJob' then 'dag_processor'
            else jobs.job_type
        end as component,
        jobs.state,
        jobs.hostname,
        jobs.executor_name,
        job_teams.team_names,
        jobs.started_at,
        jobs.latest_heartbeat_at,
        jobs.ended_at,
        {{ seconds_between("jobs.latest_heartbeat_at", "environments.synced_at") }}
            as silent_seconds,
        {{ seconds_between("jobs.latest_heartbeat_at", "jobs.ended_at") }}
            as silent_before_end_seconds,
        {{ seconds_between("jobs.latest_heartbeat_at", "jobs.extracted_at") }}
            as silent_when_read_seconds,
        jobs.extracted_at,
        jobs.is_deleted_at_source,
        jobs.deleted_at_source_at
    from jobs
    left join job_teams
        on
            jobs.environment_slug = job_teams.environment_slug
            and jobs.job_id = job_teams.job_id
    left join environments
        on jobs.environment_slug = environments.environment_slug
    where jobs.job_type not in ('LocalTaskJob', 'BackfillJob')

),

-- The end of an orderly job moves no heartbeat. One that was silent for long before it
-- is noted as ended did nothing in the meantime.
judged as (

    select
        *,
        case
            when
                silent_before_end_seconds
                <= {{ var("heartbeat_stale_after_seconds") }}
                then ended_at
            else latest_heartbeat_at
        end as last_alive_at,
        ended_at is null
        and coalesce(state, 'running') = 'running'
        and silent_seconds <= {{ var("heartbeat_stale_after_seconds") }}
        and not is_deleted_at_source as is_alive,
        coalesce(state = 'failed', false)
        or coalesce(
            silent_before_end_seconds, silent_seconds
        ) > {{ var("heartbeat_stale_after_seconds") }} as is_unclean,
        is_deleted_at_source
        and ended_at is null
        and coalesce(state, 'running') = 'running'
        and silent_when_read_seconds
        <= {{ var("heartbeat_stale_after_seconds") }} as is_end_unknown
    from components

)

select
    environment_slug,
    job_id,
    component,
    state,
    hostname,
    executor_name,
    team_names,
    started_at,
    latest_heartbeat_at,
    ended_at,
    last_alive_at,
    is_alive,
    -- It was running when it was last read, and then its row was deleted.
    is_end_unknown,
    case when not is_end_unknown then is_unclean end as has_unclean_shutdown,
    extracted_at,
    is_deleted_at_source,
    deleted_at_source_at
from judged
