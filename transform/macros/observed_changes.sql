{#
    What a snapshot has to look at: the things of the named rows as they are now, under one
    key each, with the moment at which they were seen to be so. dbt compares the values
    and keeps what was before.

    A thing that is gone is a value like others, not an end: the row comes flagged. What
    vanished from the raw tables altogether (mode mirror) is gone if its tables have been
    read whole since; what is not built from, such as an environment that was taken out
    of ENVIRONMENT_SLUGS, stays as it was. Moments that are not later than what a snapshot
    knows of a thing tell it nothing, so neither building twice nor building from an older
    copy changes it.

    rows         relation with the ids, the values, extracted_at, is_deleted_at_source
                 and deleted_at_source_at
    table_names  Airflow's tables that the rows come from
    key          name of the key to make from environment_slug and ids
    ids, values  names of columns
#}
{% macro observed_changes(rows, table_names, key, ids, values) %}
    {%- set sync_manifests = ref("stg_airflow__sync_manifests") -%}
    {%- set columns = [key, "environment_slug"] + ids + values -%}
    {%- set known_columns = columns_known(this, columns) -%}
with seen as (

    select
        {{ surrogate_key(["environment_slug"] + ids) }} as {{ key }},
        environment_slug,
        {%- for column in ids + values %}
        {{ column }},
        {%- endfor %}
        is_deleted_at_source,
        case
            when is_deleted_at_source then deleted_at_source_at else extracted_at
        end as observed_at
    from {{ rows }}

),

-- What was deleted and made again has several rows: the one that is there counts.
ranked as (

    select
        *,
        row_number() over (
            partition by {{ key }}
            order by
                case when is_deleted_at_source then 1 else 0 end asc,
                observed_at desc
        ) as recency_rank
    from seen

),

present as (

    select
        {{ columns | join(",\n        ") }},
        is_deleted_at_source,
        observed_at
    from ranked
    where recency_rank = 1

)
{%- if known_columns %},

known as (

    select * from {{ this }}
    where dbt_valid_to is null

),

-- The read that found the last of the tables whole.
full_reads as (

    select
        environment_slug,
        max(extracted_at) as read_at
    from {{ sync_manifests }}
    where
        is_full_read
        and table_name in ('{{ table_names | join("', '") }}')
        {%- for slug in environment_slugs() %}
            {%- for table_name in table_names if slug ~ "." ~ table_name in tables_not_synced() %}
        and environment_slug <> '{{ slug }}'
            {%- endfor %}
        {%- endfor %}
    group by environment_slug

),

vanished as (

    select
        {%- for column in columns %}
        {% if column in known_columns %}known.{{ column }}{% else %}null as {{ column }}{% endif %},
        {%- endfor %}
        true as is_deleted_at_source,
        full_reads.read_at as observed_at
    from known
    inner join full_reads
        on known.environment_slug = full_reads.environment_slug
    left join present
        on known.{{ key }} = present.{{ key }}
    where present.{{ key }} is null and not known.is_deleted_at_source

),

current_state as (

    select * from present
    union all
    select * from vanished

)

select current_state.*
from current_state
left join known
    on current_state.{{ key }} = known.{{ key }}
where known.{{ key }} is null or current_state.observed_at > known.dbt_valid_from
{%- else %}

select * from present
{%- endif %}
{% endmacro %}


{#
    Names of the columns that a snapshot has so far; none before the first build. Compiled
    without a database (--no-introspect), it has all.
#}
{% macro columns_known(snapshot, columns) %}
    {%- set names = [] -%}
    {%- if not flags.INTROSPECT -%}
        {%- do names.extend(columns) -%}
    {%- elif execute and load_relation(snapshot) -%}
        {%- for column in adapter.get_columns_in_relation(snapshot) -%}
            {%- do names.append(column.name | lower) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{% endmacro %}


{#
    Which of the columns differ from those of the version before, as a list in text; null
    for the first version.

    columns   names of columns; of those that were not always watched, as a mapping, each
              with the flag of a version that watched it
    key       name of the key of a snapshot
#}
{% macro changed_columns(columns, key) %}
    {%- set order = ") over (partition by " ~ key ~ " order by dbt_valid_from)" -%}
    {%- set flags = {} -%}
    {%- for column in columns -%}
        {%- set before = "lag(" ~ column ~ order -%}
        {%- set differs = "(" ~ before ~ " <> " ~ column ~ " or ("
            ~ before ~ " is null) <> (" ~ column ~ " is null))" -%}
        {%- if columns is mapping and columns[column] -%}
            {%- set differs = "lag(" ~ columns[column] ~ order ~ " and " ~ differs -%}
        {%- endif -%}
        {%- do flags.update({differs: column}) -%}
    {%- endfor -%}
    case when lag({{ key }}{{ order }} is not null then {{ reasons(flags) }} end
{%- endmacro %}
