{#
    After the `as` of a subquery that is read more than once: DuckDB keeps the result of
    such a one whole, with all its columns, which costs far more than reading a big table
    a second time. Not for views, which lose it once the file is opened anew: they name the
    big table each time they read it.
#}
{% macro not_materialized() -%}
    {{ adapter.dispatch("not_materialized", "airflow_audit")() }}
{%- endmacro %}


{% macro default__not_materialized() -%}
{%- endmacro %}


{% macro duckdb__not_materialized() -%}
    not materialized
{%- endmacro %}
