-- How many DAGs are there, and how many should somebody look at?
with dags as (

    select
        *,
        {{ is_ownerless("owner_names") }} as is_ownerless
    from {{ ref("dim_dags") }}
    where
        not is_deleted_at_source
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

dags_counted as (

    select
        count(*) as dags,
        count(case when is_active and not is_paused then 1 end) as running_dags,
        count(case when is_active and is_paused then 1 end) as paused_dags,
        count(case when is_unused then 1 end) as unused_dags,
        count(case when is_active and is_ownerless then 1 end) as ownerless_dags
    from dags

),

files_counted as (

    select count(*) as broken_files
    from {{ ref("fct_import_errors") }}
    where not is_resolved and {{ of_environments("environment_slug") }}

),

measured as (

    select
        'current' as period_name,
        dags_counted.*,
        {% if is_of_some_dags() -%}
            -- Of a file that is broken nobody knows whose DAGs are in it.
            {{ null_like("files_counted.broken_files") }} as broken_files
        {%- else -%}
            files_counted.broken_files
        {%- endif %}
    from dags_counted
    cross join files_counted

),

{{ tiles([
    "dags",
    "running_dags",
    "paused_dags",
    "unused_dags",
    "ownerless_dags",
    "broken_files",
]) }}

select
    metric,
    current_value,
    previous_value
from tiles
order by metric_number
