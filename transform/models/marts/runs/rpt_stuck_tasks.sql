with active_tasks as (

    select * from {{ ref("int_active_tasks_measured") }}

),

-- Only a running task gives signs of life, and only one that is to begin needs a pool.
judged as (

    select
        task_instance_key,
        dag_run_key,
        dag_key,
        environment_slug,
        dag_id,
        run_id,
        task_id,
        map_index,
        instance_index,
        iteration,
        state,
        dag_run_state,
        pool_name,
        hostname,
        try_number,
        started_at,
        last_heartbeat_at,
        synced_at,
        running_seconds,
        usual_p95_seconds,
        heartbeat_age_seconds,
        coalesce(
            running_seconds > {{ var("stuck_after_p95_times") }} * usual_p95_seconds,
            false
        ) as is_beyond_p95,
        coalesce(
            heartbeat_age_seconds > {{ var("heartbeat_stale_after_seconds") }}, false
        ) as is_heartbeat_stale,
        coalesce(dag_run_state in {{ final_states() }}, false) as is_run_ended,
        is_pool_missing
    from active_tasks

)

select * from judged
where is_beyond_p95 or is_heartbeat_stale or is_run_ended or is_pool_missing
