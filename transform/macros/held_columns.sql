{#
    How long a try held a worker and a slot of its pool, and what it waited for meanwhile;
    to stand in a select. What was deferred keeps its first start, and is queued anew to go
    on. The last poke of a sensor that is to poke again is among those that are over.
#}
{% macro held_columns(attempts, waits) -%}
    {%- set wait_kind = "coalesce(" ~ waits ~ ".wait_kind, " ~ attempts ~ ".wait_kind)" -%}
    {%- set started_at = attempts ~ ".started_at" -%}
    {%- set queued_at = attempts ~ ".queued_at" -%}
    {%- set last_held_at -%}
        case
            when
                {{ attempts }}.state
                in ('scheduled', 'queued', 'deferred', 'awaiting_input')
                or {{ started_at }} <= {{ waits }}.last_poke_ended_at
                then null
            when {{ queued_at }} > {{ started_at }} then {{ queued_at }}
            when coalesce({{ wait_kind }}, 'reschedule') = 'reschedule'
                then {{ started_at }}
        end
    {%- endset -%}
    {%- set is_over -%}
        {{ attempts }}.state
        not in ('running', 'scheduled', 'queued', 'deferred', 'awaiting_input')
    {%- endset -%}
    {%- set last_held_seconds = delay_seconds(last_held_at, attempts ~ ".ended_at") -%}
    {%- set held_seconds -%}
        case
            when {{ is_over }}
                then coalesce(
                    {{ waits }}.poking_seconds + {{ last_held_seconds }},
                    {{ waits }}.poking_seconds,
                    {{ last_held_seconds }}
                )
        end
    {%- endset -%}
    {{ wait_kind }} as wait_kind,
    {{ last_held_at }} as last_held_at,
    {{ held_seconds }} as held_seconds,
    case
        when {{ is_over }} and {{ wait_kind }} = 'reschedule'
            then {{ delay_seconds(
                waits ~ ".first_poked_at",
                latest_of(waits ~ ".last_poke_ended_at", [attempts ~ ".ended_at"]),
            ) }} - {{ waits }}.poking_seconds - coalesce({{ last_held_seconds }}, 0)
        when {{ is_over }} and {{ queued_at }} > {{ started_at }}
            then {{ seconds_between(started_at, queued_at) }}
    end as waited_seconds,
    {{ attempts }}.is_wasted,
    case
        when {{ attempts }}.is_wasted then coalesce({{ held_seconds }}, 0) else 0
    end as wasted_seconds,
{%- endmacro %}
