{#
    Row counts of every raw table that is there, in every environment, as a query.
    Tables that are only read on demand count too, so this one macro asks the database
    which there are.
#}
{% macro count_raw_rows() %}
    {%- set counts = [] -%}
    {%- for node in (graph.sources.values() if execute else []) -%}
        {%- for slug in environment_slugs()
            if slug ~ "." ~ node.name not in tables_not_synced()
            and is_raw_table_there(node.name, slug)
        -%}
            {%- do counts.append((slug, node.name)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for slug, table_name in counts %}
    select
        cast('{{ slug }}' as {{ native_type("varchar") }}) as environment_slug,
        cast('{{ table_name }}' as {{ native_type("varchar") }}) as table_name,
        count(*) as kept_rows,
        count(_sdc_deleted_at) as gone_rows,
        max(_sdc_extracted_at) as last_extracted_at
    from (
    {{ raw_rows(table_name, slug) }}
    ) as kept
    {{ "union all" if not loop.last }}
    {%- endfor -%}
{% endmacro %}


{# Compiled without a database (--no-introspect), every table counts as there. #}
{% macro is_raw_table_there(table_name, slug) %}
    {{ return(not flags.INTROSPECT or load_relation(raw_relation(table_name, slug)) is not none) }}
{% endmacro %}
