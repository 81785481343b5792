{#
    What Airflow does not know: the relation of the user's own that a var names, else a seed
    of this project, which is handed over as a ref so that dbt sees it in either case.
#}
{% macro own_relation_or(seed, variable) -%}
    {{- var(variable) or seed -}}
{%- endmacro %}
