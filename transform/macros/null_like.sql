{#
    A null of the type that an expression has, for a union: warehouses name the types
    differently, and not each takes a null without one.
#}
{% macro null_like(expression) -%}
    case when 1 = 0 then {{ expression }} end
{%- endmacro %}
