{#
    For how long a try that ended held a worker and slots of its pool. A try that was
    deferred is queued again after its start; what it held before is not kept. One that
    was rescheduled starts anew at its last poke, of which only it tells.

    attempt      alias of a try
    reschedules  alias of what int_task_reschedules_summarised says of it, if anything
#}
{% macro held_seconds(attempt, reschedules) -%}
    case
        when
            {{ attempt }}.duration_seconds is null
            or {{ attempt }}.state
            in ('scheduled', 'queued', 'deferred', 'up_for_reschedule')
            then null
        when {{ reschedules }}.task_attempt_key is not null
            then
                {{ reschedules }}.poking_seconds
                + case
                    when {{ attempt }}.started_at > {{ reschedules }}.last_poke_ended_at
                        then {{ attempt }}.duration_seconds
                    else 0
                end
        when {{ attempt }}.queued_at > {{ attempt }}.started_at
            then {{ delay_seconds(attempt ~ ".queued_at", attempt ~ ".ended_at") }}
        else {{ attempt }}.duration_seconds
    end
{%- endmacro %}


{# The rest of the time from its start, or from its first poke, to its end. #}
{% macro waited_seconds(attempt, reschedules) -%}
    case
        when {{ reschedules }}.task_attempt_key is not null
            then {{ seconds_between(reschedules ~ ".first_poked_at", attempt ~ ".ended_at") }}
        when {{ attempt }}.queued_at > {{ attempt }}.started_at
            then {{ seconds_between(attempt ~ ".started_at", attempt ~ ".ended_at") }}
        else {{ attempt }}.duration_seconds
    end
    - {{ held_seconds(attempt, reschedules) }}
{%- endmacro %}


{# What it waited for. #}
{% macro wait_kind(attempt, reschedules, question) -%}
    case
        when {{ reschedules }}.task_attempt_key is not null then 'reschedule'
        when {{ attempt }}.queued_at > {{ attempt }}.started_at
            then
                case
                    when {{ question }}.task_instance_key is not null then 'person'
                    else 'deferral'
                end
    end
{%- endmacro %}
