with sync_manifests as (

    select * from {{ ref("stg_airflow__sync_manifests") }}

),

ranked as (

    select
        environment_slug,
        sync_id,
        airflow_version,
        pii,
        extracted_at as synced_at,
        row_number() over (
            partition by environment_slug
            order by extracted_at desc, table_name asc
        ) as sync_rank
    from sync_manifests

)

select
    environment_slug,
    sync_id,
    airflow_version,
    pii,
    synced_at
from ranked
where sync_rank = 1
