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

measured as (

    select
        'current' as period_name,
        count(*) as dags,
        count(case when is_active then 1 end) as active_dags,
        count(case when is_active and is_paused then 1 end) as paused_dags,
        count(case when is_unused then 1 end) as unused_dags,
        count(case when is_active and is_ownerless then 1 end) as ownerless_dags,
        count(case when has_import_errors then 1 end) as broken_dags
    from dags

),

{{ tiles([
    "dags",
    "active_dags",
    "paused_dags",
    "unused_dags",
    "ownerless_dags",
    "broken_dags",
]) }}

select
    metric,
    current_value,
    previous_value
from tiles
order by metric_number
