with open_tasks as (

    select * from {{ ref("int_open_tasks_measured") }}

),

open_runs as (

    select * from {{ ref("int_open_runs_measured") }}

),

dags as (

    select * from {{ ref("dim_dags") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

open_work as (

    select
        'task_instance' as object_kind,
        task_instance_key,
        dag_run_key,
        dag_key,
        environment_slug,
        dag_id,
        run_id,
        state,
        since_at,
        threshold_seconds
    from open_tasks
    union all
    select
        'dag_run' as object_kind,
        {{ null_like("dag_run_key") }} as task_instance_key,
        dag_run_key,
        dag_key,
        environment_slug,
        dag_id,
        run_id,
        state,
        since_at,
        threshold_seconds
    from open_runs
    union all
    select
        'dag' as object_kind,
        {{ null_like("dags.dag_key") }} as task_instance_key,
        {{ null_like("dags.dag_key") }} as dag_run_key,
        dags.dag_key,
        dags.environment_slug,
        dags.dag_id,
        {{ null_like("dags.dag_id") }} as run_id,
        {{ null_like("dags.dag_id") }} as state,
        dags.next_run_due_at as since_at,
        {{ var("stuck_next_run_after_seconds") }} as threshold_seconds
    from dags
    where
        dags.is_active
        and not dags.is_paused
        and not dags.is_draining

),

-- What is open of a paused DAG begins or goes on once somebody unpauses it.
judged as (

    select
        {{ surrogate_key([
            "open_work.dag_key", "open_work.dag_run_key", "open_work.task_instance_key"
        ]) }} as stuck_work_key,
        open_work.*,
        environments.synced_at,
        open_tasks.task_id,
        open_tasks.map_index,
        open_tasks.instance_index,
        open_tasks.pool_name,
        open_tasks.last_heartbeat_at,
        {{ seconds_between("open_work.since_at", "environments.synced_at") }}
            as stuck_seconds,
        case
            when open_tasks.known_reason is not null then open_tasks.known_reason
            -- Only a running task gives signs of life.
            when
                {{ seconds_between(
                    "open_tasks.last_heartbeat_at", "environments.synced_at"
                ) }} > {{ var("heartbeat_stale_after_seconds") }}
                then 'heartbeat_stale'
            when open_work.object_kind = 'dag' then 'next_run_overdue'
            when open_tasks.has_begun then 'running_too_long'
            when dags.is_paused then 'dag_paused'
            when open_work.state = 'running' then 'no_active_task'
            else open_work.state || '_too_long'
        end as reason
    from open_work
    inner join environments
        on open_work.environment_slug = environments.environment_slug
    left join open_tasks
        on open_work.task_instance_key = open_tasks.task_instance_key
    left join dags on open_work.dag_key = dags.dag_key

)

select * from judged
where
    stuck_seconds > threshold_seconds
    or reason in ('run_ended', 'pool_missing', 'heartbeat_stale')
