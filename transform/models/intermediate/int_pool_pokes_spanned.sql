with task_reschedules as (

    select * from {{ ref("int_task_reschedules_resolved") }}

),

tries as (

    select * from {{ ref("int_task_reschedules_summarised") }}

),

task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

-- Airflow 3 does not keep when a poke began. A run that was deleted and made again
-- counts its tries from 1 anew: what is gone counts unless others of the try are there.
spanned as (

    select
        {{ surrogate_key([
            "task_reschedules.environment_slug", "task_reschedules.task_reschedule_id"
        ]) }} as holder_key,
        task_attempts.environment_slug,
        task_attempts.pool_name,
        'running' as phase_name,
        task_attempts.pool_slots as slot_count,
        task_reschedules.started_at as taken_at,
        task_reschedules.ended_at as given_back_at
    from task_reschedules
    inner join tries
        on
            task_reschedules.environment_slug = tries.environment_slug
            and task_reschedules.dag_id = tries.dag_id
            and task_reschedules.run_id = tries.run_id
            and task_reschedules.task_id = tries.task_id
            and task_reschedules.instance_index = tries.instance_index
            and task_reschedules.try_number = tries.try_number
            and task_reschedules.is_deleted_at_source = tries.is_deleted_at_source
    inner join task_attempts
        on tries.task_attempt_key = task_attempts.task_attempt_key
    where tries.poking_seconds is not null

)

select * from spanned
