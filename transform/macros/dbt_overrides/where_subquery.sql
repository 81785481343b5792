{#
    In place of dbt's own: after a build of what changed, tests of a mart that is built
    incrementally look at the rows that were read since everything had passed.
#}
{% macro default__get_where_subquery(relation) %}
    {%- set conditions = [config.get("where"), read_since_tested()] | select | list -%}
    {%- if conditions -%}
        {%- set tested -%}
            (select * from {{ relation }} where {{ conditions | join(" and ") }}) as dbt_subquery
        {%- endset -%}
        {{ return(tested) }}
    {%- endif -%}
    {{ return(relation) }}
{% endmacro %}
