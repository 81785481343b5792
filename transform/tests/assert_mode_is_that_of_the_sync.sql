{{ config(meta={"explains_itself": true}) }}

with sync_manifests as (

    select * from {{ ref("stg_airflow__sync_manifests") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

)

select distinct
    environments.environment_slug,
    sync_manifests.mode,
    'Environment ' || environments.environment_slug || ' was synced in mode '
    || sync_manifests.mode || '. Set AIRFLOW_AUDIT_MODE=' || sync_manifests.mode
    || ' for the build, too: with another mode rows would be counted'
    || ' once for each of their versions, or versions would be missed.' as message
from environments
inner join sync_manifests
    on
        environments.environment_slug = sync_manifests.environment_slug
        and environments.sync_id = sync_manifests.sync_id
where
    (sync_manifests.mode = 'append')
    <> {{ "true" if keeps_every_version() else "false" }}
