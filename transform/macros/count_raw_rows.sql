{#
    Row counts of every raw table that is there, in every environment, as a query.
    Tables that are only read on demand count too, so this one macro asks the database
    which there are.
#}
{% macro count_raw_rows() %}
    {%- set counts = [] -%}
    {%- set table_names = graph.sources.values() | map(attribute="name") | list if execute -%}
    {%- for slug in (environment_slugs() if execute else []) -%}
        {#- Compiled without a database (--no-introspect), every table counts as there. -#}
        {%- for table_name in (
                loaded_tables(raw_schema(slug), table_names) if flags.INTROSPECT else table_names
            )
            if slug ~ "." ~ table_name not in tables_not_synced()
        -%}
            {%- do counts.append((slug, table_name)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for slug, table_name in counts %}
    select
        cast('{{ slug }}' as {{ native_type("varchar") }}) as environment_slug,
        cast('{{ table_name }}' as {{ native_type("varchar") }}) as table_name,
        count(*) as kept_rows,
        count(_sdc_deleted_at) as deleted_rows,
        max(_sdc_extracted_at) as last_extracted_at
    from (
    {{ raw_rows(table_name, slug) }}
    ) as kept
    {{ "union all" if not loop.last }}
    {%- endfor -%}
{% endmacro %}
