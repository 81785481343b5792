{#
    The people who left: the relation that the var `hr_leavers_relation` names, else the
    seed of this project. A ref in either case: dbt looks for it while it parses.
#}
{% macro hr_leavers() -%}
    {%- set seed = ref("hr_leavers") -%}
    {{- var("hr_leavers_relation") or seed -}}
{%- endmacro %}
