{# A part of a whole, from 0 to 1; null if the whole is nothing. #}
{% macro share(part, whole) -%}
    cast({{ part }} as {{ native_type("double") }}) / nullif({{ whole }}, 0)
{%- endmacro %}
