{#
    What the source's definition, which is made from the catalogue, says about one raw
    table.
#}
{% macro raw_table(table_name) %}
    {{ return(graph.sources["source.airflow_audit.airflow." ~ table_name]) }}
{% endmacro %}


{% macro raw_columns(table_name) %}
    {%- set columns = [] -%}
    {#- The manifest brings a slug of its own; it is the schema's. -#}
    {%- for column in raw_table(table_name).columns.values() if column.name != "environment_slug" -%}
        {%- do columns.append({"quoted": quoted(column.name), "data_type": column.data_type}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}


{#
    What together tells rows apart. A table whose key changed with an Airflow version has
    two keys: a row has the first of which no column is null.
#}
{% macro raw_key(table_name) %}
    {%- set alternatives = raw_table(table_name).config.meta.key -%}
    {%- set first = [] -%}
    {%- for column in alternatives[0] -%}
        {%- do first.append(quoted(column)) -%}
    {%- endfor -%}
    {%- set parts = first | list -%}
    {%- for alternative in alternatives[1:] -%}
        {%- for column in alternative if quoted(column) not in first -%}
            {%- do parts.append(
                "case when " ~ first | join(" is null or ") ~ " is null then "
                ~ quoted(column) ~ " end"
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(parts) }}
{% endmacro %}


{% macro raw_schema(slug) %}
    {{ return(adapter.dispatch("raw_schema", "airflow_audit")(slug)) }}
{% endmacro %}


{% macro default__raw_schema(slug) %}
    {{ return("airflow_" ~ slug) }}
{% endmacro %}


{# The name of a dataset cannot have a hyphen. #}
{% macro bigquery__raw_schema(slug) %}
    {{ return("airflow_" ~ slug.replace("-", "_")) }}
{% endmacro %}


{% macro raw_relation(table_name, slug) %}
    {{ return(loaded_relation(raw_schema(slug), table_name)) }}
{% endmacro %}


{# A table of the loader's, in any schema. #}
{% macro loaded_relation(schema, table_name) %}
    {{ return(adapter.dispatch("loaded_relation", "airflow_audit")(schema, table_name)) }}
{% endmacro %}


{% macro default__loaded_relation(schema, table_name) %}
    {{ return(api.Relation.create(
        database=target.database, schema=schema, identifier=table_name
    )) }}
{% endmacro %}


{#
    In quotes, because some names are reserved words or have a hyphen, so in the case that they
    are kept in.
#}
{% macro snowflake__loaded_relation(schema, table_name) %}
    {{ return(api.Relation.create(
        database=target.database,
        schema=schema | upper,
        identifier=table_name | upper,
        quote_policy={"schema": true, "identifier": true}
    )) }}
{% endmacro %}


{# Which of the loader's tables are in a schema. #}
{% macro loaded_tables(schema, table_names) %}
    {{ return(adapter.dispatch("loaded_tables", "airflow_audit")(schema, table_names)) }}
{% endmacro %}


{% macro default__loaded_tables(schema, table_names) %}
    {%- set there = [] -%}
    {%- for table_name in table_names if load_relation(loaded_relation(schema, table_name)) -%}
        {%- do there.append(table_name) -%}
    {%- endfor -%}
    {{ return(there) }}
{% endmacro %}


{# There dbt would look for the schema without quotes. #}
{% macro snowflake__loaded_tables(schema, table_names) %}
    {%- set relation = loaded_relation(schema, "tables") -%}
    {%- set found = run_query(
        "select lower(table_name) from " ~ relation.information_schema("tables")
        ~ " where table_schema = " ~ literal(relation.schema)
    ).columns[0].values() -%}
    {{ return(table_names | select("in", found) | list) }}
{% endmacro %}


{# Whether the raw tables hold every version of a row that was read: mode append. #}
{% macro keeps_every_version() %}
    {%- set mode = env_var("AIRFLOW_AUDIT_MODE", "merge") or "merge" -%}
    {%- if mode not in ["merge", "mirror", "append"] -%}
        {{ exceptions.raise_compiler_error(
            "AIRFLOW_AUDIT_MODE is '" ~ mode ~ "'; it is merge, mirror or append, as in the sync."
        ) }}
    {%- endif -%}
    {{ return(mode == "append") }}
{% endmacro %}


{#
    Raw tables that are missing on purpose, as <slug>.<table>: they count as empty.
    Named by AIRFLOW_AUDIT_TABLES_NOT_SYNCED (comma separated), so that a missing table
    is never overlooked.
#}
{% macro tables_not_synced() %}
    {%- set tables = [] -%}
    {%- for entry in env_var("AIRFLOW_AUDIT_TABLES_NOT_SYNCED", "").split(",") -%}
        {%- do tables.append(entry | trim) -%}
    {%- endfor -%}
    {{ return(tables) }}
{% endmacro %}
