{# A number as text. #}
{% macro as_text(expression) -%}
    cast({{ expression }} as {{ native_type("varchar") }})
{%- endmacro %}


{#
    A JSON column as text. Some warehouses have a type for it, others have not; white
    space may differ.
#}
{% macro json_as_text(expression) -%}
    {{- adapter.dispatch("json_as_text", "airflow_audit")(expression) -}}
{%- endmacro %}


{% macro default__json_as_text(expression) -%}
    {{ as_text(expression) }}
{%- endmacro %}
