with sync_manifests as (

    select * from {{ ref("stg_airflow__sync_manifests") }}

),

-- Of an environment, either Airflow keeps all accounts or none.
access_sources as (

    select
        environment_slug,
        case when count(user_id) > 0 then 'airflow' else 'external' end
            as access_source
    from {{ ref("int_users_unioned") }}
    where not is_deleted_at_source
    group by environment_slug

),

latest_syncs as (

    select * from {{ ref("int_environments_synced") }}

),

syncs as (

    select
        environment_slug,
        count(distinct sync_id) as sync_count,
        min(extracted_at) as first_synced_at
    from sync_manifests
    group by environment_slug

)

select
    {{ surrogate_key(["syncs.environment_slug"]) }} as environment_key,
    syncs.environment_slug,
    latest_syncs.airflow_version as airflow_schema_version,
    latest_syncs.pii,
    access_sources.environment_slug is not null as is_access_known,
    access_sources.access_source,
    syncs.sync_count,
    syncs.first_synced_at,
    latest_syncs.synced_at
from syncs
inner join latest_syncs
    on syncs.environment_slug = latest_syncs.environment_slug
left join access_sources
    on syncs.environment_slug = access_sources.environment_slug
