{{ config(tags="whole", meta={"explains_itself": true}) }}

-- No try held a worker and waited for longer than from its first start, or poke, to its
-- end.
with task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

reschedules as (

    select * from {{ ref("int_task_reschedules_summarised") }}

),

elapsed as (

    select
        task_attempts.task_attempt_key,
        task_attempts.held_seconds,
        task_attempts.waited_seconds,
        {{ seconds_between(
            "coalesce(reschedules.first_poked_at, task_attempts.started_at)",
            latest_of("task_attempts.ended_at", ["reschedules.last_poke_ended_at"]),
        ) }} as elapsed_seconds
    from task_attempts
    left join reschedules
        on task_attempts.task_attempt_key = reschedules.task_attempt_key
    where reschedules.task_attempt_key is null or reschedules.poking_seconds is not null

)

select
    task_attempt_key,
    'Try ' || task_attempt_key || ' held a worker and waited for longer than it lasted.'
    || ' Build anew: dbt build --full-refresh' as message
from elapsed
where held_seconds + coalesce(waited_seconds, 0) > elapsed_seconds + 0.001
