with sync_manifests as (

    select * from {{ ref("stg_airflow__sync_manifests") }}

),

users as (

    select distinct environment_slug
    from {{ ref("stg_airflow__ab_users") }}
    where not is_deleted_at_source

),

external_access as (

    select distinct environment_slug
    from {{ ref("int_external_access_listed") }}

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
    users.environment_slug is not null
    or external_access.environment_slug is not null as is_access_known,
    case
        when users.environment_slug is not null then 'airflow'
        when external_access.environment_slug is not null then 'external'
    end as access_source,
    syncs.sync_count,
    syncs.first_synced_at,
    latest_syncs.synced_at
from syncs
inner join latest_syncs
    on syncs.environment_slug = latest_syncs.environment_slug
left join users
    on syncs.environment_slug = users.environment_slug
left join external_access
    on syncs.environment_slug = external_access.environment_slug
