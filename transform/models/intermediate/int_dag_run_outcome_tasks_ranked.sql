with boundaries as (

    select * from {{ ref("int_dag_run_outcomes_bounded") }}

),

task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

marks as (

    select * from {{ ref("int_task_marks_matched") }}

),

tolerated_failures as (

    select * from {{ ref("int_tolerated_failures_listed") }}

),

-- Of task instances that began later, any try stands for that.
tries as (

    select
        boundaries.*,
        task_attempts.task_instance_key,
        min(
            case
                when
                    task_attempts.started_at < boundaries.ended_before_at
                    and task_attempts.started_at >= coalesce(
                        boundaries.started_after_at, task_attempts.started_at
                    )
                    then task_attempts.started_at
            end
        ) over (
            partition by
                boundaries.dag_run_key, boundaries.ended_before_at,
                task_attempts.task_instance_key
        ) as started_at,
        task_attempts.ended_at,
        task_attempts.task_key,
        task_attempts.started_at < boundaries.ended_before_at as was_begun,
        coalesce(task_attempts.ended_at <= boundaries.ended_before_at, false)
            as was_ended,
        case
            when marks.was_ended_by_hand then 'unknown'
            else coalesce(marks.state_before, task_attempts.state)
        end as state,
        row_number() over (
            partition by
                boundaries.dag_run_key, boundaries.ended_before_at,
                task_attempts.task_instance_key
            order by
                case
                    when task_attempts.started_at < boundaries.ended_before_at then 1
                    else 0
                end desc,
                task_attempts.try_number desc
        ) as recency_rank
    from boundaries
    inner join task_attempts
        on boundaries.dag_run_key = task_attempts.dag_run_key
    left join marks
        on task_attempts.task_attempt_key = marks.task_attempt_key
    where task_attempts.started_at is not null

),

ranked as (

    select
        tries.dag_run_key,
        tries.task_instance_key,
        tries.boundary_kind,
        tries.ended_before_at,
        tries.is_known_to_have_ended,
        tries.is_success_doubtful,
        tries.started_at,
        tries.ended_at,
        tries.was_begun,
        tries.was_ended,
        case
            when tolerated_failures.task_key is not null then 'unknown'
            else tries.state
        end as state
    from tries
    left join tolerated_failures
        on
            tries.task_key = tolerated_failures.task_key
            and tries.state = 'failed'
    where tries.recency_rank = 1

)

select * from ranked
