{#
    dbt hands the types of a contract to the warehouse as they are written. These two
    macros of dbt's own, in its shape, hand over what the warehouse calls them.
#}
{% macro default__get_empty_schema_sql(columns) %}
    select
        {%- for column in columns.values() %}
        cast(null as {{ native_type(column.data_type) }}) as {{ column.name }}{{ "," if not loop.last }}
        {%- endfor %}
{% endmacro %}


{% macro default__get_table_columns_and_constraints() %}
    {{ return(column_definitions(model.columns)) }}
{% endmacro %}


{% macro column_definitions(columns) %}
    (
        {%- for column in columns.values() %}
        {{ column.name }} {{ native_type(column.data_type) }}{{ "," if not loop.last }}
        {%- endfor %}
    )
{% endmacro %}
