{#
    For `make smoke`, which builds in schemas that nobody else uses. Prints, one JSON
    object a line, how many rows each mart has.
#}
{% macro count_marts() %}
    {%- for node in graph.nodes.values()
        if node.resource_type == "model" and node.fqn[1] == "marts"
    -%}
        {%- set counted = run_query(
            "select count(*) from " ~ api.Relation.create(
                database=node.database, schema=node.schema, identifier=node.alias
            )
        ) -%}
        {%- do print(tojson({"mart": node.name, "rows": counted.rows[0][0] | int})) -%}
    {%- endfor -%}
{% endmacro %}


{# Drops what `make smoke` made, and refuses any other schema. #}
{% macro drop_throwaway_schemas(slugs) %}
    {%- set schemas = own_schemas() -%}
    {%- for slug in slugs -%}
        {%- do schemas.append(raw_schema(slug)) -%}
    {%- endfor -%}
    {%- for schema in schemas -%}
        {%- if not schema.startswith("airflow_smoke_") -%}
            {{ exceptions.raise_compiler_error(schema ~ " is not a schema of `make smoke`.") }}
        {%- endif -%}
    {%- endfor -%}
    {%- for schema in schemas -%}
        {%- set relation = loaded_relation(schema, "any").without_identifier() -%}
        {%- do adapter.drop_schema(relation) -%}
    {%- endfor -%}
{% endmacro %}
