with versions as (

    select * from {{ ref("snap_airflow__dags") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

measured as (

    select
        versions.dbt_scd_id as dag_history_key,
        versions.dag_key,
        versions.environment_slug,
        versions.dag_id,
        row_number() over (
            partition by versions.dag_key order by versions.dbt_valid_from asc
        ) as history_number,
        versions.is_paused,
        versions.is_active,
        versions.schedule,
        versions.owner_names,
        versions.file_path,
        versions.relative_file_path,
        versions.bundle_name,
        versions.bundle_version,
        versions.is_deleted_at_source,
        versions.dbt_valid_from as valid_from_at,
        versions.dbt_valid_to as valid_to_at,
        versions.dbt_valid_to is null as is_current,
        {{ seconds_between(
            "versions.dbt_valid_from",
            "coalesce(versions.dbt_valid_to, environments.synced_at)",
        ) }} as lasted_seconds
    from versions
    -- The snapshot also remembers environments that are no longer built from.
    inner join environments
        on versions.environment_slug = environments.environment_slug

)

select * from measured
