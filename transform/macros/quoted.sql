{# A column's name in quotes: for names that are reserved words, such as `group`. #}
{% macro quoted(column_name) %}
    {{- return(adapter.dispatch("quoted", "airflow_audit")(column_name)) -}}
{% endmacro %}


{% macro default__quoted(column_name) %}
    {{- return(adapter.quote(column_name)) -}}
{% endmacro %}
