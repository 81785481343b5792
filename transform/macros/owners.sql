{# Of a row of dim_dags: who answers for it. #}
{% macro team_of(dags) -%}
    coalesce({{ dags }}.team_name, {{ owner_or_none(dags ~ ".owner_names") }})
{%- endmacro %}


{# Whom a DAG names; Airflow's own name stands where it names nobody. #}
{% macro owner_or_none(owner_names) -%}
    case when {{ is_ownerless(owner_names) }} then '(none)' else {{ owner_names }} end
{%- endmacro %}


{% macro is_ownerless(owner_names) -%}
    coalesce({{ owner_names }}, '') in ('', 'airflow')
{%- endmacro %}
