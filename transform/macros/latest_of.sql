{#
    The latest of some times. The first is never null; the others may be, and warehouses
    disagree on greatest() of nulls.
#}
{% macro latest_of(first, others) -%}
    greatest(
        {{ first }}
        {%- for other in others %}, coalesce({{ other }}, {{ first }}){% endfor -%}
    )
{%- endmacro %}
