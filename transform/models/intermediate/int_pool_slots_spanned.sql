with task_instances as (

    select * from {{ ref("fct_task_instances") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

pools as (

    select * from {{ ref("int_pools_deduplicated") }}

),

waited as (

    select
        task_attempt_key as holder_key,
        environment_slug,
        pool_name,
        'queued' as phase_name,
        pool_slots as slot_count,
        queued_at as taken_at,
        started_at as given_back_at
    from {{ ref("fct_task_attempts") }}

),

-- Its try is not there yet.
waiting as (

    select
        task_instances.task_instance_key as holder_key,
        task_instances.environment_slug,
        task_instances.pool_name,
        'queued' as phase_name,
        task_instances.pool_slots as slot_count,
        task_instances.queued_at as taken_at,
        environments.synced_at as given_back_at
    from task_instances
    inner join environments
        on task_instances.environment_slug = environments.environment_slug
    where
        task_instances.state = 'queued'
        and not task_instances.is_superseded
        and not task_instances.is_deleted_at_source

),

-- From when on a try is deferred Airflow does not keep. In a pool that counts such
-- tries that makes no difference; elsewhere one counts from when it was queued again.
worked as (

    select
        task_attempts.task_attempt_key as holder_key,
        task_attempts.environment_slug,
        task_attempts.pool_name,
        'running' as phase_name,
        task_attempts.pool_slots as slot_count,
        case
            when pools.is_counting_deferred and task_attempts.wait_kind = 'deferral'
                then task_attempts.started_at
            else task_attempts.last_held_at
        end as taken_at,
        case
            when task_attempts.is_deleted_at_source then task_attempts.ended_at
            when
                task_attempts.state = 'running'
                or (task_attempts.state = 'deferred' and pools.is_counting_deferred)
                then environments.synced_at
            when
                task_attempts.state
                not in ('scheduled', 'queued', 'deferred', 'awaiting_input')
                then task_attempts.ended_at
        end as given_back_at
    from {{ ref("fct_task_attempts") }} as task_attempts
    inner join environments
        on task_attempts.environment_slug = environments.environment_slug
    left join pools
        on
            task_attempts.environment_slug = pools.environment_slug
            and task_attempts.pool_name = pools.pool_name

),

unioned as (

    select * from waited
    union all
    select * from waiting
    union all
    select * from worked
    union all
    select * from {{ ref("int_pool_pokes_spanned") }}

)

-- Of failed tries before Airflow 2.10 the pool is unknown, if the task instance is.
select
    holder_key,
    environment_slug,
    pool_name,
    phase_name,
    slot_count,
    taken_at,
    given_back_at,
    slot_count * {{ seconds_between("taken_at", "given_back_at") }} as slot_seconds
from unioned
where taken_at < given_back_at and pool_name is not null
