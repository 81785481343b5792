{#
    Who may do what where Airflow does not keep it: the relation that the var
    `external_access_relation` names, else the seed of this project. A ref in either case:
    dbt looks for it while it parses.
#}
{% macro external_access() -%}
    {%- set seed = ref("external_access") -%}
    {{- var("external_access_relation") or seed -}}
{%- endmacro %}
