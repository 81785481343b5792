{#
    In place of dbt's own, which hands the types of a seed's columns to BigQuery as they
    are written: BigQuery has other names for them.
#}
{% macro bigquery__load_csv_rows(model, agate_table) %}
    {%- set types = {} -%}
    {%- for column, data_type in model.config.column_types.items() -%}
        {%- do types.update({column: native_type(data_type) | upper}) -%}
    {%- endfor -%}
    {%- do adapter.load_dataframe(
        model.database, model.schema, model.alias, agate_table, types, model.config.delimiter
    ) -%}
{% endmacro %}
