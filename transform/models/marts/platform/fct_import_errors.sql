with versions as (

    select * from {{ ref("snap_airflow__import_errors") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

followed as (

    select
        *,
        lag(dbt_valid_from) over (
            partition by import_error_file_key order by dbt_valid_from asc
        ) as previous_valid_from
    from versions

),

-- Broken and gone take turns. A file that was gone when it was first looked at had been
-- broken before that.
spells as (

    select
        dbt_scd_id as import_error_key,
        environment_slug,
        bundle_name,
        file_path,
        {{ earliest("dbt_valid_from", "recorded_at") }} as first_seen_at,
        case
            when is_deleted_at_source then dbt_valid_from else dbt_valid_to
        end as resolved_at
    from followed
    where not is_deleted_at_source or previous_valid_from is null

),

measured as (

    select
        spells.import_error_key,
        spells.environment_slug,
        spells.bundle_name,
        spells.file_path,
        spells.first_seen_at,
        spells.resolved_at,
        spells.resolved_at is not null as is_resolved,
        {{ seconds_between(
            "spells.first_seen_at", "coalesce(spells.resolved_at, environments.synced_at)"
        ) }} as broken_seconds
    from spells
    -- The snapshot also remembers environments that are no longer built from.
    inner join environments
        on spells.environment_slug = environments.environment_slug

)

select * from measured
