{# The part of a text before the first delimiter; all of it if there is none. #}
{% macro text_before(expression, delimiter) -%}
    {{ dbt.split_part(expression, literal(delimiter), 1) }}
{%- endmacro %}


{# The part of a text at a place, counted from 1; empty if there are fewer. #}
{% macro text_part(expression, delimiter, place) -%}
    {{ dbt.split_part(expression, "'" ~ delimiter ~ "'", place) }}
{%- endmacro %}


{# The part of a text between the first `start` and the `end` that follows it. #}
{% macro text_between(expression, start, end) -%}
    {{ dbt.split_part(
        dbt.split_part(expression, literal(start), 2), literal(end), 1
    ) }}
{%- endmacro %}
