with task_instances as (

    select * from {{ ref("fct_task_instances") }}
    -- One without a state is not scheduled yet.
    where
        not is_deleted_at_source
        and not is_superseded
        and state not in {{ final_states() }}

),

dag_runs as (

    select * from {{ ref("fct_dag_runs") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

heartbeats as (

    select * from {{ ref("int_task_heartbeats_unified") }}

),

percentiles as (

    select * from {{ ref("int_task_durations_percentiles") }}

),

pools as (

    select * from {{ ref("int_pools_deduplicated") }}
    where not is_deleted_at_source

),

measured as (

    select
        task_instances.task_instance_key,
        task_instances.dag_run_key,
        task_instances.dag_key,
        task_instances.environment_slug,
        task_instances.dag_id,
        task_instances.run_id,
        task_instances.task_id,
        task_instances.map_index,
        task_instances.instance_index,
        task_instances.iteration,
        task_instances.state,
        dag_runs.state as dag_run_state,
        task_instances.pool_name,
        task_instances.try_number,
        task_instances.hostname,
        task_instances.started_at,
        heartbeats.last_heartbeat_at,
        environments.synced_at,
        case
            when task_instances.state in ('running', 'deferred')
                then {{ seconds_between(
                    "task_instances.started_at", "environments.synced_at"
                ) }}
        end as running_seconds,
        case
            when percentiles.timed_attempt_count >= 5 then percentiles.p95_seconds
        end as usual_p95_seconds,
        {{ seconds_between(
            "heartbeats.last_heartbeat_at", "environments.synced_at"
        ) }} as heartbeat_age_seconds,
        task_instances.pool_name is not null
        and pools.pool_name is null as is_pool_missing
    from task_instances
    inner join environments
        on task_instances.environment_slug = environments.environment_slug
    left join dag_runs on task_instances.dag_run_key = dag_runs.dag_run_key
    left join heartbeats
        on
            task_instances.environment_slug = heartbeats.environment_slug
            and task_instances.dag_id = heartbeats.dag_id
            and task_instances.run_id = heartbeats.run_id
            and task_instances.task_id = heartbeats.task_id
            and task_instances.instance_index = heartbeats.instance_index
    left join percentiles
        on
            task_instances.environment_slug = percentiles.environment_slug
            and task_instances.dag_id = percentiles.dag_id
            and task_instances.task_id = percentiles.task_id
    left join pools
        on
            task_instances.environment_slug = pools.environment_slug
            and task_instances.pool_name = pools.pool_name

)

select * from measured
