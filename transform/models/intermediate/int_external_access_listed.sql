with external_access as (

    select *
    from {{ own_relation_or(ref("external_access"), "external_access_relation") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

-- What Airflow itself keeps is not to be contradicted.
kept_by_airflow as (

    select distinct environment_slug
    from {{ ref("stg_airflow__ab_users") }}
    where not is_deleted_at_source

),

listed_access as (

    select
        {{ surrogate_key([
            "external_access.environment_slug",
            "'external'",
            "external_access.username",
        ]) }} as user_key,
        {{ surrogate_key([
            "external_access.environment_slug",
            "'external'",
            "external_access.role_name",
        ]) }} as role_key,
        external_access.environment_slug,
        external_access.username,
        external_access.role_name,
        external_access.is_active,
        external_access.is_privileged,
        environments.synced_at as extracted_at
    from external_access
    inner join environments
        on external_access.environment_slug = environments.environment_slug
    left join kept_by_airflow
        on external_access.environment_slug = kept_by_airflow.environment_slug
    where kept_by_airflow.environment_slug is null

)

select * from listed_access
