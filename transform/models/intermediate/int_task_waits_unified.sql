with reschedules as (

    select * from {{ ref("int_task_reschedules_summarised") }}

),

decisions as (

    select * from {{ ref("int_decisions_resolved") }}

),

asked as (

    select distinct
        {{ surrogate_key([
            "environment_slug", "dag_id", "run_id", "task_id", "instance_index",
            "try_number",
        ]) }} as task_attempt_key
    from decisions
    where dag_id is not null

),

unified as (

    select
        task_attempt_key,
        'reschedule' as wait_kind,
        first_poked_at,
        last_poke_ended_at,
        poking_seconds
    from reschedules
    union all
    select
        asked.task_attempt_key,
        'person' as wait_kind,
        {{ null_like("reschedules.first_poked_at") }} as first_poked_at,
        {{ null_like("reschedules.last_poke_ended_at") }} as last_poke_ended_at,
        {{ null_like("reschedules.poking_seconds") }} as poking_seconds
    from asked
    left join reschedules
        on asked.task_attempt_key = reschedules.task_attempt_key
    where reschedules.task_attempt_key is null

)

select * from unified
