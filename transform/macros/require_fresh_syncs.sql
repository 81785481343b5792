{#
    Fails, and says what to do, if the last sync of an environment is older than var
    `longest_sync_age_hours`, or if the warehouse does not hold all of it. Not a test: a
    build of old data is no mistake.
#}
{% macro require_fresh_syncs() %}
    {%- do keeps_every_version() -%}
    {%- for slug in environment_slugs() -%}
        {%- do require_environment(slug, ["_sync_manifest"]) -%}
    {%- endfor -%}
    {%- set longest_age = var("longest_sync_age_hours") | float -%}
    {%- set synced = {} -%}
    {#- By position: warehouses differ in the case of a column's name. -#}
    {%- for slug, synced_at, age_hours, incomplete_tables, uncounted_tables in run_query(last_syncs()).rows -%}
        {%- do synced.update({slug: {
            "told": "last sync " ~ synced_at.astimezone(modules.pytz.utc).strftime("%Y-%m-%d %H:%M UTC")
            ~ ", " ~ "%.1f" | format(age_hours | float) ~ " hours ago",
            "is_old": age_hours > longest_age,
            "incomplete_tables": incomplete_tables | int,
            "uncounted_tables": uncounted_tables | int,
        }}) -%}
    {%- endfor -%}
    {%- set problems = [] -%}
    {%- for slug in environment_slugs() -%}
        {%- set sync = synced.get(slug) -%}
        {%- set found = "Environment " ~ slug ~ ": " ~ (sync.told if sync else "no sync came to its end") -%}
        {%- if not sync or sync.is_old -%}
            {%- do problems.append(
                found ~ ", but at most " ~ "%g" | format(longest_age) ~ " hours are allowed. See why the"
                ~ " sync no longer runs, then run it with ENVIRONMENT_SLUG=" ~ slug
            ) -%}
        {%- endif -%}
        {%- if sync and sync.incomplete_tables -%}
            {%- do problems.append(
                found ~ ", but " ~ sync.incomplete_tables ~ " of its tables are incomplete: a later sync"
                ~ " was interrupted, or rows were lost. Run it again with ENVIRONMENT_SLUG=" ~ slug
                ~ ", and if that does not help, with full refresh, too"
            ) -%}
        {%- endif -%}
        {%- if sync and not (sync.is_old or sync.incomplete_tables) -%}
            {%- set uncounted = " but for " ~ sync.uncounted_tables ~ " tables that it did not count" -%}
            {%- do log(
                found ~ ", complete" ~ (uncounted if sync.uncounted_tables else ""), info=true
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if problems -%}
        {{ exceptions.raise_compiler_error(problems | join("\n")) }}
    {%- endif -%}
{% endmacro %}


{#
    The last sync of every environment, from the raw tables as they are now: its moment,
    its age in hours, how many of its tables hold less, or newer rows, than it counted, and
    how many it did not count.
#}
{% macro last_syncs() %}
with sync_manifests as (

    select
        environment_slug,
        table_name,
        source_rows,
        _sdc_extracted_at as extracted_at
    from (
    {{ airflow_table("_sync_manifest") }}
    ) as manifests

),

raw_rows as (

    {{ count_raw_rows() }}

),

{{ compared_syncs() }},

summarised as (

    select
        environment_slug,
        max(extracted_at) as synced_at,
        sum(
            case when was_interrupted_since or warehouse_rows < source_rows then 1 else 0 end
        ) as incomplete_tables,
        sum(case when source_rows is null then 1 else 0 end) as uncounted_tables
    from compared
    group by environment_slug

)

select
    environment_slug,
    synced_at,
    {{ seconds_between("synced_at", build_time()) }} / 3600 as age_hours,
    incomplete_tables,
    uncounted_tables
from summarised
{% endmacro %}
