{# A text as a literal: how a quote in it is written differs. #}
{% macro literal(text) -%}
    '{{ dbt.escape_single_quotes(text) }}'
{%- endmacro %}
