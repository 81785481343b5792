{# The moment of the build. Only the age of a sync counts from it: see the overview. #}
{% macro build_time() -%}
    cast({{ dbt.current_timestamp() }} as {{ native_type("timestamp with time zone") }})
{%- endmacro %}
