{# A part of a whole, from 0 to 1; null if the whole is nothing. #}
{% macro share(part, whole) -%}
    cast({{ part }} as {{ type_double() }}) / nullif({{ whole }}, 0)
{%- endmacro %}


{# The type of a floating-point number of eight bytes. #}
{% macro type_double() -%}
    {{ adapter.dispatch("type_double", "airflow_audit")() }}
{%- endmacro %}


{% macro default__type_double() -%}
    double
{%- endmacro %}


{% macro redshift__type_double() -%}
    double precision
{%- endmacro %}


{% macro bigquery__type_double() -%}
    float64
{%- endmacro %}
