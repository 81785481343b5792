{#
    What Airflow does not know: the relation of the user's own that a setting names, else a
    seed of this project, which is handed over as a ref so that dbt sees it in either case.
#}
{% macro own_relation_or(seed, name) -%}
    {{- setting(name) or seed -}}
{%- endmacro %}
