{#
    In place of dbt's own: after a build of what changed, tests of a mart that is built
    incrementally look at the rows that were read since everything had passed.
#}
{% macro default__get_where_subquery(relation) %}
    {%- set conditions = [] -%}
    {%- if config.get("where") -%}
        {%- do conditions.append(config.get("where")) -%}
    {%- endif -%}
    {%- if execute and env_var("AIRFLOW_AUDIT_BUILD_TESTED_UNTIL", "") -%}
        {%- do conditions.extend(read_since_tested(graph.nodes[model.attached_node])) -%}
    {%- endif -%}
    {%- if conditions -%}
        {%- set tested -%}
            (select * from {{ relation }} where {{ conditions | join(" and ") }}) as dbt_subquery
        {%- endset -%}
        {{ return(tested) }}
    {%- endif -%}
    {{ return(relation) }}
{% endmacro %}
