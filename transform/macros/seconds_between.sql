{#
    Seconds from one time to another, with fractions; datediff in seconds counts whole
    ones only. As a double: elsewhere the quotient would be a decimal number.
#}
{% macro seconds_between(earlier, later) -%}
    cast({{ microseconds_between(earlier, later) }} as {{ native_type("double") }})
    / 1000000
{%- endmacro %}


{#
    Seconds from one step to the next; null if the second came first. That happens:
    clearing a running DAG run, say, sets its queued time anew.
#}
{% macro delay_seconds(earlier, later) -%}
    case
        when {{ later }} >= {{ earlier }} then {{ seconds_between(earlier, later) }}
    end
{%- endmacro %}
