{#
    A time that is asked for while SQL is made, in microseconds since 1970: as text it would
    depend on the format and the time zone of the session.
#}
{% macro asked_moment(moment) -%}
    {{ microseconds_between(moment_of_text("1970-01-01 00:00:00+00:00"), moment) }}
{%- endmacro %}


{# What was answered, as a datetime (UTC). #}
{% macro answered_moment(microseconds) %}
    {%- set since = modules.datetime.timedelta(microseconds=microseconds | int) -%}
    {{ return(modules.datetime.datetime(1970, 1, 1) + since) }}
{% endmacro %}


{# A datetime (UTC) as a text that every warehouse reads alike. #}
{% macro moment_text(moment) %}
    {{ return(moment.strftime("%Y-%m-%d %H:%M:%S.%f+00:00")) }}
{% endmacro %}


{% macro moment_of_text(text) -%}
    cast({{ literal(text) }} as {{ native_type("timestamp with time zone") }})
{%- endmacro %}


{% macro moment_literal(moment) -%}
    {{ moment_of_text(moment_text(moment)) }}
{%- endmacro %}
