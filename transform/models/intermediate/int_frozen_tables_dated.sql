with sync_manifests as (

    select * from {{ ref("stg_airflow__sync_manifests") }}

),

last_found as (

    select
        environment_slug,
        table_name,
        max(extracted_at) as last_found_at
    from sync_manifests
    where is_table_at_source
    group by environment_slug, table_name

),

dated as (

    select
        sync_manifests.environment_slug,
        sync_manifests.table_name,
        min(sync_manifests.extracted_at) as frozen_at
    from sync_manifests
    inner join last_found
        on
            sync_manifests.environment_slug = last_found.environment_slug
            and sync_manifests.table_name = last_found.table_name
    where sync_manifests.extracted_at > last_found.last_found_at
    group by sync_manifests.environment_slug, sync_manifests.table_name

)

select * from dated
