{# A raw column's name in quotes: for names that are reserved words, such as `group`. #}
{% macro quoted(column_name) %}
    {{- return(adapter.dispatch("quoted", "airflow_audit")(column_name)) -}}
{% endmacro %}


{% macro default__quoted(column_name) %}
    {{- return(adapter.quote(column_name)) -}}
{% endmacro %}


{# Its loader makes names without quotes, which Snowflake keeps in upper case. #}
{% macro snowflake__quoted(column_name) %}
    {{- return(adapter.quote(column_name | upper)) -}}
{% endmacro %}
