-- Which environments are there, and when was each last synced?
with syncs as (

    select
        environment_slug,
        synced_at,
        airflow_schema_version,
        pii,
        row_number() over (
            partition by environment_slug
            order by synced_at desc, table_name asc
        ) as sync_rank
    from {{ ref("rpt_sync_health") }}
    where {{ of_environments("environment_slug") }}

)

select
    environment_slug,
    synced_at,
    airflow_schema_version,
    pii,
    {{ var("longest_sync_age_hours") }} as longest_sync_age_hours
from syncs
where sync_rank = 1
order by environment_slug
