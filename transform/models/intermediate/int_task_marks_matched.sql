-- A table: five models read it, and it is small.
{{ config(materialized="table") }}

with marks as (

    select * from {{ ref("int_state_marks_matched") }}

),

task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

failures as (

    select * from {{ ref("fct_audit_events") }}
    where event_name = 'failed' and action = 'finish'

),

tries as (

    select
        task_attempts.*,
        marks.new_state,
        marks.marked_at,
        marks.task_id is null as is_of_run,
        row_number() over (
            partition by
                marks.environment_slug, marks.log_id, marks.dag_run_id,
                task_attempts.task_instance_key
            order by task_attempts.try_number desc
        ) as recency_rank
    from task_attempts
    inner join marks
        on
            task_attempts.environment_slug = marks.environment_slug
            and task_attempts.dag_id = marks.dag_id
            and task_attempts.run_id = marks.run_id
            and task_attempts.task_id
            = coalesce(marks.task_id, task_attempts.task_id)
            and task_attempts.map_index
            = coalesce(marks.asked_map_index, task_attempts.map_index)
    where coalesce(task_attempts.started_at, marks.marked_at) <= marks.marked_at

),

-- What the mark of a run found ended keeps its state, or loses it if that was no
-- success: only the audit log tells.
marked as (

    select
        tries.task_attempt_key,
        tries.task_instance_key,
        tries.marked_at,
        coalesce(tries.ended_at >= tries.marked_at, false) as was_ended_by_hand,
        case
            when tries.ended_at >= tries.marked_at then null
            when count(failures.audit_event_key) > 0 then 'failed'
            when not tries.is_of_run then 'unknown'
        end as state_before
    from tries
    left join failures
        on
            tries.environment_slug = failures.environment_slug
            and tries.dag_id = failures.dag_id
            and tries.run_id = failures.run_id
            and tries.task_id = failures.task_id
            and tries.map_index = failures.map_index
            and failures.logged_at between tries.started_at and tries.marked_at
    where tries.recency_rank = 1 and tries.state = tries.new_state
    group by
        tries.task_attempt_key,
        tries.task_instance_key,
        tries.is_of_run,
        tries.marked_at,
        tries.ended_at

),

ranked as (

    select
        *,
        row_number() over (
            partition by task_attempt_key order by marked_at
        ) as age_rank
    from marked
    where was_ended_by_hand or state_before is not null

)

select
    task_attempt_key,
    task_instance_key,
    marked_at,
    was_ended_by_hand,
    state_before
from ranked
where age_rank = 1
