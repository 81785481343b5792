{#
    In place of dbt's own, by which a column of an incremental model has changed when its
    digits have: in Snowflake a whole number has as many digits as what it is made of, and
    in the table as many as the contract says.
#}
{% macro snowflake__diff_column_data_types(source_columns, target_columns) %}
    {%- set whole_numbers = [] -%}
    {%- for column in target_columns if column.is_numeric() and column.numeric_scale == 0 -%}
        {%- do whole_numbers.append(column.name) -%}
    {%- endfor -%}
    {%- set changes = [] -%}
    {%- for change in dbt.default__diff_column_data_types(source_columns, target_columns) -%}
        {%- set source = source_columns | selectattr("name", "equalto", change.column_name) | first -%}
        {%- if not (
            change.column_name in whole_numbers
            and source.is_numeric() and source.numeric_scale == 0
        ) -%}
            {%- do changes.append(change) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(changes) }}
{% endmacro %}
