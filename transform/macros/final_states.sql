{#
    The states of DAG runs and tasks that Airflow leaves as they are. Those of which it is
    asked whether they are none of these may be of a kind that a newer Airflow brings.
#}
{% macro final_states() -%}
    ('success', 'failed', 'skipped', 'upstream_failed', 'removed')
{%- endmacro %}
