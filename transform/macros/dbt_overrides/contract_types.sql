{#
    In place of dbt's own, and of BigQuery's, which hand the types of a contract to the
    warehouse as they are written: it has other names for them.
#}
{% macro default__get_empty_schema_sql(columns) %}
    select
        {%- for column in columns.values() %}
        cast(null as {{ native_type(column.data_type) }}) as {{ column.name }}{{ "," if not loop.last }}
        {%- endfor %}
{% endmacro %}


{# In place of dbt's own, for the same reason, where it creates the table. #}
{% macro default__get_table_columns_and_constraints() %}
    {{ return(column_definitions(model.columns, primary_key=model.primary_key)) }}
{% endmacro %}
