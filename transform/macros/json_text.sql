{#
    A text in a JSON object, which is given as text itself, with whatever white space the
    warehouse put into it; null if there is none.
#}
{% macro json_text(expression, name) -%}
    {{ return(adapter.dispatch("json_text", "airflow_audit")(expression, name)) }}
{%- endmacro %}


{% macro default__json_text(expression, name) -%}
    json_extract_string({{ expression }}, '$.{{ name }}')
{%- endmacro %}


{% macro snowflake__json_text(expression, name) -%}
    cast(get(try_parse_json({{ expression }}), '{{ name }}') as varchar)
{%- endmacro %}


{% macro redshift__json_text(expression, name) -%}
    nullif(json_extract_path_text({{ expression }}, '{{ name }}', true), '')
{%- endmacro %}


{% macro bigquery__json_text(expression, name) -%}
    json_value({{ expression }}, '$.{{ name }}')
{%- endmacro %}
