with waits as (

    select * from {{ ref("int_task_reschedules_summarised") }}

),

task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

task_instances as (

    select * from {{ ref("fct_task_instances") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

joined as (

    select
        waits.*,
        task_instances.dag_run_key,
        task_instances.dag_key,
        task_instances.operator_name,
        -- Between two pokes it is queued like a try that has not begun, and Airflow
        -- before 2.10 counts it as the try before.
        case
            when task_attempts.task_attempt_key is not null then task_attempts.state
            when
                waits.is_latest_try
                and task_instances.state in ('scheduled', 'queued', 'up_for_reschedule')
                then task_instances.state
        end as state,
        coalesce(task_attempts.started_at > waits.last_poke_ended_at, false)
            as has_final_poke,
        -- False also of a try that another took the place of.
        coalesce(task_attempts.is_latest_try, not task_instances.is_superseded)
            as is_latest_try_of_task,
        task_attempts.started_at,
        task_attempts.ended_at,
        task_instances.is_deleted_at_source as is_task_instance_deleted,
        environments.synced_at
    from waits
    left join task_attempts
        on waits.task_attempt_key = task_attempts.task_attempt_key
    left join task_instances
        on waits.task_instance_key = task_instances.task_instance_key
    left join environments
        on waits.environment_slug = environments.environment_slug

),

judged as (

    select
        *,
        coalesce(
            state in ('scheduled', 'queued', 'running', 'up_for_reschedule')
            and is_latest_try_of_task
            and not is_task_instance_deleted,
            false
        ) as is_waiting
    from joined

),

measured as (

    select
        task_attempt_key,
        task_instance_key,
        dag_run_key,
        dag_key,
        environment_slug,
        dag_id,
        run_id,
        task_id,
        map_index,
        instance_index,
        try_number,
        operator_name,
        state,
        is_waiting,
        reschedule_count
        + case when has_final_poke then 1 else 0 end as poke_count,
        first_poked_at,
        case when has_final_poke then started_at else last_poked_at end
            as last_poked_at,
        case when is_waiting and state <> 'running' then next_poke_at end
            as next_poke_at,
        {{ delay_seconds(
            "first_poked_at",
            "case when is_waiting then synced_at else "
            ~ latest_of("last_poke_ended_at", ["ended_at"]) ~ " end",
        ) }} as waited_seconds,
        case
            when has_final_poke
                then
                    poking_seconds
                    + coalesce({{ seconds_between("started_at", "ended_at") }}, 0)
            else poking_seconds
        end as poking_seconds,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from judged

)

select * from measured
