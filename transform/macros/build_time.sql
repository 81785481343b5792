{# The moment of the build. Only the age of a sync counts from it: see the overview. #}
{% macro build_time() -%}
    {{ dbt.current_timestamp() }}
{%- endmacro %}
