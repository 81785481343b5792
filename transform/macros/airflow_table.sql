{#
    The rows of one of Airflow's tables in every environment, as a query.

    Columns come from the source's definition, not from the database: their order there
    differs between environments. In mode append only the newest version of each row is
    kept.

    A row that a later sync read again, and found as it was, keeps its moment in the raw
    table. Here it has that of the last sync that saw it.
#}
{% macro airflow_table(table_name) %}
    {#- Declares what the model reads; dbt looks for it while it parses. -#}
    {%- do source("airflow", table_name) -%}
    {%- if execute -%}
        {%- for slug in environment_slugs() %}
    {{ "union all" if not loop.first }}
    {{ raw_rows(table_name, slug) }}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}


{% macro raw_rows(table_name, slug) %}
    {%- set columns = raw_columns(table_name) -%}
    {%- set read_at = quoted("_sdc_extracted_at") -%}
    {%- set tells_again = table_name != "_sync_manifest"
        and not [slug ~ "." ~ table_name, slug ~ "._sync_manifest"]
            | select("in", tables_not_synced()) | list -%}
    select
        {#- A bare literal would have no type on Redshift. #}
        cast('{{ slug }}' as {{ native_type("varchar") }}) as environment_slug,
        {%- for column in columns %}
        {% if tells_again and column.quoted == read_at -%}
            coalesce(seen_again.last_seen_at, {{ read_at }}) as {% endif -%}
        {{ column.quoted }}{{ "," if not loop.last }}
        {%- endfor %}
    {%- if slug ~ "." ~ table_name in tables_not_synced() %}
    from (
        select
            {%- for column in columns %}
            cast(null as {{ native_type(column.data_type) }}) as {{ column.quoted }}{{ "," if not loop.last }}
            {%- endfor %}
    ) as nothing
    where 1 = 0
    {%- elif keeps_every_version() %}
    {#- Rows of one key from one moment are the same row, so any of them serves. #}
    from (
        select
            *,
            row_number() over (
                partition by {{ raw_key(table_name) | join(", ") }}
                order by _sdc_extracted_at desc
            ) as _version_rank
        from {{ raw_relation(table_name, slug) }}
    ) as versions
    {{- seen_again(table_name, slug) if tells_again }}
    where _version_rank = 1
    {%- else %}
    from {{ raw_relation(table_name, slug) }}
    {{- seen_again(table_name, slug) if tells_again }}
    {%- endif -%}
{% endmacro %}


{# Joins, to the moment of the sync that loaded rows, that of the last one that saw them. #}
{% macro seen_again(table_name, slug) %}
    left join (
        select
            unchanged_since_at,
            max(_sdc_extracted_at) as last_seen_at
        from {{ raw_relation("_sync_manifest", slug) }}
        where table_name = '{{ table_name }}' and unchanged_since_at is not null
        group by unchanged_since_at
    ) as seen_again
        on _sdc_extracted_at = seen_again.unchanged_since_at
{%- endmacro %}
