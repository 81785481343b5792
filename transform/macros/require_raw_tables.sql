{#
    Stops a build whose settings make no sense or that would read raw tables which are
    not there, and says how to get them. Runs before every build; looks only at what the
    selected models read.
#}
{% macro require_raw_tables() %}
    {%- if execute -%}
        {%- do keeps_every_version() -%}
        {%- set needed = raw_tables_needed() -%}
        {%- if needed and flags.INTROSPECT -%}
            {%- for slug in environment_slugs() -%}
                {%- do require_environment(slug, needed) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{% macro raw_tables_needed() %}
    {%- set needed = [] -%}
    {%- for unique_id in selected_resources if unique_id in graph.nodes -%}
        {%- for parent in graph.nodes[unique_id].depends_on.nodes if parent in graph.sources -%}
            {%- set table_name = graph.sources[parent].name -%}
            {%- if table_name not in needed -%}
                {%- do needed.append(table_name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(needed | sort) }}
{% endmacro %}


{% macro require_environment(slug, needed) %}
    {%- set raw_schema = raw_schema(slug) -%}
    {%- if raw_schema in own_schemas() -%}
        {{ exceptions.raise_compiler_error(
            "The environment cannot be called '" ~ slug ~ "': its raw tables would share the schema "
            ~ raw_schema ~ " with the marts. Sync it under another ENVIRONMENT_SLUG."
        ) }}
    {%- endif -%}
    {%- if not adapter.check_schema_exists(target.database, raw_schema) -%}
        {{ exceptions.raise_compiler_error(
            "The warehouse has no Airflow environment '" ~ slug ~ "' (no schema " ~ raw_schema ~ " in "
            ~ target.database ~ "). Sync it with ENVIRONMENT_SLUG=" ~ slug
            ~ ", or take it out of ENVIRONMENT_SLUGS. There are: "
            ~ (synced_environments() | join(", ") or "none") ~ "."
        ) }}
    {%- endif -%}
    {%- set missing = [] -%}
    {%- set there = loaded_tables(raw_schema, needed) -%}
    {%- for table_name in needed
        if table_name not in there and slug ~ "." ~ table_name not in tables_not_synced()
    -%}
        {%- do missing.append(slug ~ "." ~ table_name) -%}
    {%- endfor -%}
    {%- if missing -%}
        {{ exceptions.raise_compiler_error(
            "Environment '" ~ slug ~ "' lacks raw tables that the models read. Sync it with"
            ~ " ENVIRONMENT_SLUG=" ~ slug ~ " and without the setting `tables` to get them - or, if they"
            ~ " are left out on purpose, let them count as empty: AIRFLOW_AUDIT_TABLES_NOT_SYNCED="
            ~ (missing | join(","))
        ) }}
    {%- endif -%}
{% endmacro %}


{# Where models and snapshots go; see profiles.yml and dbt_project.yml. #}
{% macro own_schemas() %}
    {{ return([target.schema, target.schema ~ "_staging", target.schema ~ "_history"]) }}
{% endmacro %}


{% macro synced_environments() %}
    {%- set slugs = [] -%}
    {%- for schema in warehouse_schemas() | map("lower") | unique | sort -%}
        {#- A loader's own, of a load that goes on or was killed, is no environment's. -#}
        {%- set is_loaders = "__loading" in schema -%}
        {%- if schema.startswith("airflow_") and not is_loaders and schema not in own_schemas() -%}
            {%- do slugs.append(schema[8:]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(slugs) }}
{% endmacro %}


{# dbt gives the schemas of the database in a table, or as a list. #}
{% macro warehouse_schemas() %}
    {{ return(adapter.dispatch("warehouse_schemas", "airflow_audit")()) }}
{% endmacro %}


{% macro default__warehouse_schemas() %}
    {{ return(dbt.list_schemas(target.database).columns[0].values()) }}
{% endmacro %}


{% macro snowflake__warehouse_schemas() %}
    {{ return(dbt.list_schemas(target.database).columns["name"].values()) }}
{% endmacro %}


{% macro bigquery__warehouse_schemas() %}
    {{ return(dbt.list_schemas(target.database)) }}
{% endmacro %}
