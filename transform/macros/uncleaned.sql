{#
    What is cleaned at the source, and what is withheld there, but was read whole before
    values were cleaned: columns by table. Those that are withheld are in old raw tables only.
#}
{% macro cleaned_columns() %}
    {{ return({
        "connection": ["host"],
        "log": ["extra"],
    }) }}
{% endmacro %}


{% macro columns_withheld_since() %}
    {{ return({
        "ab_group": ["description"],
        "connection": ["description"],
        "slot_pool": ["description"],
        "task_instance": ["rendered_map_index", "retry_reason"],
        "task_instance_history": ["rendered_map_index", "retry_reason"],
        "variable": ["description"],
    }) }}
{% endmacro %}


{# Rows with a value from before the first sync that cleaned their table. #}
{% macro is_uncleaned(table_name, column_name, slug) %}
    {{ quoted(column_name) }} is not null
    and _sdc_extracted_at < (
        select coalesce(min(_sdc_extracted_at), {{ build_time() }})
        from {{ raw_relation("_sync_manifest", slug) }}
        where table_name = '{{ table_name }}' and cleaned_rows is not null
    )
{% endmacro %}


{# Number of such rows: environment_slug, table_name, column_name, row_count. #}
{% macro uncleaned_rows() %}
    -- depends_on: {{ source("airflow", "_sync_manifest") }}
    {%- for table_name in cleaned_columns() %}
    -- depends_on: {{ source("airflow", table_name) }}
    {%- endfor %}
    {%- if execute %}
        {%- set separator = namespace(text="") %}
        {%- for slug in environment_slugs() %}
            {%- for table_name, columns in cleaned_columns().items()
                if slug ~ "." ~ table_name not in tables_not_synced()
            %}
                {%- for column_name in columns %}
    {{ separator.text }}
    select
        {#- A bare literal would have no type on Redshift. #}
        cast('{{ slug }}' as {{ native_type("varchar") }}) as environment_slug,
        cast('{{ table_name }}' as {{ native_type("varchar") }}) as table_name,
        cast('{{ column_name }}' as {{ native_type("varchar") }}) as column_name,
        count(*) as row_count
    from {{ raw_relation(table_name, slug) }}
    where {{ is_uncleaned(table_name, column_name, slug) }}
                    {%- set separator.text = "union all" %}
                {%- endfor %}
            {%- endfor %}
        {%- endfor %}
    {%- endif %}
{% endmacro %}


{#
    Empties what was read before values were cleaned, in the raw tables of every
    environment: for `dbt run-operation`, after a sync that cleans. It changes nothing that
    such a sync has read.
#}
{% macro forget_uncleaned() %}
    {%- for slug in environment_slugs() -%}
        {%- for columns_by_table in [cleaned_columns(), columns_withheld_since()] -%}
            {%- for table_name in loaded_tables(raw_schema(slug), columns_by_table | list) -%}
                {%- set relation = raw_relation(table_name, slug) -%}
                {%- set there = adapter.get_columns_in_relation(relation)
                    | map(attribute="name") | map("lower") | list -%}
                {%- for column_name in columns_by_table[table_name] if column_name in there -%}
                    {%- set is_old = is_uncleaned(table_name, column_name, slug) -%}
                    {%- set count = run_query(
                        "select count(*) from " ~ relation ~ " where " ~ is_old
                    ).rows[0][0] | int -%}
                    {%- do run_query(
                        "update " ~ relation ~ " set " ~ quoted(column_name) ~ " = null where "
                        ~ is_old
                    ) -%}
                    {%- do print(
                        raw_schema(slug) ~ "." ~ table_name ~ "." ~ column_name ~ ": " ~ count
                        ~ " values emptied"
                    ) -%}
                {%- endfor -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do commit_changes() -%}
{% endmacro %}


{# dbt begins a transaction when it looks for relations, and ends none of an operation. #}
{% macro commit_changes() %}
    {{ return(adapter.dispatch("commit_changes", "airflow_audit")()) }}
{% endmacro %}


{% macro default__commit_changes() %}
    {%- do run_query("commit") -%}
{% endmacro %}


{# On BigQuery each statement is a transaction. #}
{% macro bigquery__commit_changes() %}
{% endmacro %}
