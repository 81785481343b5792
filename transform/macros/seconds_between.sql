{#
    Seconds from one time to another, with fractions; datediff in seconds counts whole
    ones only. As a double: elsewhere the quotient would be a decimal number.
#}
{% macro seconds_between(earlier, later) -%}
    cast({{ microseconds_between(earlier, later) }} as {{ native_type("double") }})
    / 1000000
{%- endmacro %}


{# Microseconds from one time to another, as a whole number. #}
{% macro microseconds_between(earlier, later) -%}
    {{- adapter.dispatch("microseconds_between", "airflow_audit")(earlier, later) -}}
{%- endmacro %}


{% macro default__microseconds_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, "microsecond") }}
{%- endmacro %}


{# Its datediff takes no times with a zone; without one they are UTC. #}
{% macro redshift__microseconds_between(earlier, later) -%}
    {{ airflow_audit.default__microseconds_between(
        "cast(" ~ earlier ~ " as timestamp)", "cast(" ~ later ~ " as timestamp)"
    ) }}
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
