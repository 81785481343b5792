{# The whole numbers from 1 to a bound, as a query with one column, generated_number. #}
{% macro whole_numbers(bound) -%}
    {{ dbt.generate_series(bound) }}
{%- endmacro %}
