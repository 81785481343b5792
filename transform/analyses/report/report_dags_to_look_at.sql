-- Which DAGs does nobody need, own or mend?
with dags as (

    select
        *,
        is_active and {{ is_ownerless("owner_names") }} as is_ownerless,
        is_active and is_paused as is_waiting
    from {{ ref("dim_dags") }}
    where
        not is_deleted_at_source
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

)

select
    environment_slug,
    dag_id,
    owner_names,
    {{ reasons({
        "has_import_errors": "broken",
        "is_unused": "unused",
        "is_waiting": "paused",
        "is_ownerless": "no owner",
    }) }} as reasons,
    schedule,
    last_run_started_at,
    days_since_success,
    file_path
from dags
where has_import_errors or is_unused or is_waiting or is_ownerless
order by
    has_import_errors desc,
    is_unused desc,
    is_waiting desc,
    environment_slug asc,
    dag_id asc
limit 201
