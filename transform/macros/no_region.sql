{# The region of what is neither mapped nor in a loop, or was expanded before Airflow 3.4. #}
{% macro no_region() -%}
    '00000000-0000-0000-0000-000000000000'
{%- endmacro %}
