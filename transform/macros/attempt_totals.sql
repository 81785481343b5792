{#
    A query of what the tries of each task instance make together: of those in `to_build`,
    if the build is incremental.
#}
{% macro attempt_totals(task_attempts, marks) %}
    select
        task_attempts.task_instance_key,
        count(*) as known_try_count,
        sum(task_attempts.duration_seconds) as total_seconds,
        sum(task_attempts.held_seconds) as held_seconds,
        sum(task_attempts.waited_seconds) as waited_seconds,
        sum(task_attempts.wasted_seconds) as wasted_seconds,
        max(
            case
                when task_attempts.is_last_before_rerun
                    then coalesce(marks.state_before, task_attempts.state)
            end
        ) as first_state,
        max(
            case when task_attempts.is_last_before_rerun then task_attempts.ended_at end
        ) as first_ended_at,
        max(case when task_attempts.is_rerun then 1 else 0 end) = 1 as was_rerun,
        min(case when task_attempts.is_wasted then task_attempts.try_number end)
        < max(
            case when task_attempts.is_last_before_rerun then task_attempts.try_number end
        ) as had_failed_before
    from {{ task_attempts }} as task_attempts
    left join {{ marks }} as marks
        on task_attempts.task_attempt_key = marks.task_attempt_key
    {%- if is_incremental() %}
    inner join to_build
        on task_attempts.task_instance_key = to_build.task_instance_key
    {%- endif %}
    group by task_attempts.task_instance_key
{% endmacro %}


{#
    How a task instance ended for the first time, when, and whether it is a success only by
    hand, or only after a failed try. With more tries than are known any of them may have
    been the first end. What somebody had run again, or marked, is no sign of a flaky task.
#}
{% macro first_outcome_columns(task_instances, totals) -%}
    {%- set has_ended -%}
        coalesce({{ task_instances }}.state in {{ final_states() }}, false)
    {%- endset -%}
    {%- set is_known -%}
        coalesce({{ totals }}.known_try_count, 0) >= {{ task_instances }}.try_number
    {%- endset -%}
    {%- set first_state -%}
        case
            when {{ totals }}.was_rerun or ({{ has_ended }} and {{ is_known }})
                then coalesce({{ totals }}.first_state, {{ task_instances }}.state)
            when {{ has_ended }} then 'unknown'
        end
    {%- endset -%}
    case
            when {{ totals }}.was_rerun or ({{ has_ended }} and {{ is_known }})
                then coalesce({{ totals }}.first_ended_at, {{ task_instances }}.ended_at)
        end as first_ended_at,
        {{ first_state }} as first_state,
        case
            when not coalesce({{ task_instances }}.state = 'success', false) then false
            when {{ totals }}.was_rerun or {{ is_known }}
                then case
                    when {{ totals }}.first_state <> 'unknown'
                        then {{ totals }}.first_state = 'failed'
                end
        end as was_repaired_by_hand,
        coalesce({{ first_state }} = 'success' and {{ totals }}.had_failed_before, false)
            as is_flaky,
{%- endmacro %}
