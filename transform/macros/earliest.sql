{#
    The earlier of two times, either of which may be null: warehouses disagree on
    least().
#}
{% macro earliest(one, other) -%}
    case when {{ one }} <= {{ other }} or {{ other }} is null then {{ one }} else {{ other }} end
{%- endmacro %}
