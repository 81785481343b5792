{#
    A value as text: JSON columns, which some warehouses have a type for and others have
    not.
#}
{% macro as_text(expression) -%}
    cast({{ expression }} as {{ dbt.type_string() }})
{%- endmacro %}
