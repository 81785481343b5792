{%- set ids = ["environment_slug", "dag_id", "run_id", "task_id", "instance_index"] %}
with task_attempts as {{ not_materialized() }} (

    select * from {{ ref("fct_task_attempts") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

pools as (

    select * from {{ ref("int_pools_deduplicated") }}

),

reschedules as (

    select * from {{ ref("int_task_reschedules_summarised") }}

),

pokes as (

    select
        *,
        {{ surrogate_key(ids + ["try_number"]) }} as task_attempt_key,
        {{ surrogate_key(["environment_slug", "task_reschedule_id"]) }} as poke_key
    from {{ ref("int_task_reschedules_resolved") }}

),

-- Airflow does not keep when a try was deferred: it holds its pool all the time, if the
-- pool counts that, else since it was queued again. Of one that was rescheduled this is
-- the last poke, if it ended with one.
worked as (

    select
        task_attempts.task_attempt_key as holder_key,
        task_attempts.environment_slug,
        task_attempts.pool_name,
        'running' as phase_name,
        task_attempts.pool_slots as slot_count,
        case
            when
                task_attempts.queued_at > task_attempts.started_at
                and not coalesce(pools.is_counting_deferred, false)
                then task_attempts.queued_at
            else task_attempts.started_at
        end as taken_at,
        case
            when task_attempts.started_at <= reschedules.last_poke_ended_at then null
            when task_attempts.is_deleted_at_source then task_attempts.ended_at
            when
                task_attempts.state = 'running'
                or (task_attempts.state = 'deferred' and pools.is_counting_deferred)
                then environments.synced_at
            when task_attempts.state not in ('scheduled', 'queued', 'deferred')
                then task_attempts.ended_at
        end as given_back_at
    from task_attempts
    inner join environments
        on task_attempts.environment_slug = environments.environment_slug
    left join pools
        on
            task_attempts.environment_slug = pools.environment_slug
            and task_attempts.pool_name = pools.pool_name
    left join reschedules
        on task_attempts.task_attempt_key = reschedules.task_attempt_key

),

poked as (

    select
        pokes.poke_key as holder_key,
        task_attempts.environment_slug,
        task_attempts.pool_name,
        'running' as phase_name,
        task_attempts.pool_slots as slot_count,
        pokes.started_at as taken_at,
        pokes.ended_at as given_back_at
    from pokes
    inner join task_attempts
        on pokes.task_attempt_key = task_attempts.task_attempt_key

)

select * from worked
union all
select * from poked
