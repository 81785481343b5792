with versions as (

    select * from {{ ref("int_config_versions_unioned") }}

),

sequenced as (

    select
        *,
        -- What was gone already as history began has an earlier time.
        min(case when not is_deleted_at_source then observed_at end)
            over (partition by environment_slug) as first_seen_at,
        lag(is_deleted_at_source) over (
            partition by object_type, object_key
            order by observed_at
        ) as was_deleted_before,
        row_number() over (
            partition by object_type, object_key
            order by observed_at
        ) as version_number
    from versions

),

-- What was there when history began is no change, and what came and went between two
-- syncs was never seen.
changed as (

    select
        environment_slug,
        object_type,
        object_key,
        version_number,
        object_name,
        role_name,
        changed_columns,
        case when object_type = 'permission' then 'role' else object_type end
            as event_object_type,
        case when object_type = 'permission' then role_name else object_name end
            as event_object_name,
        observed_at as changed_at,
        case
            when is_deleted_at_source then 'delete'
            when coalesce(was_deleted_before, true) then 'create'
            else 'edit'
        end as action
    from sequenced
    where
        observed_at > first_seen_at
        and not (is_deleted_at_source and coalesce(was_deleted_before, true))

),

-- When builds saw anything. What is gone has the time of the sync that missed it, and
-- there may be several syncs from one build to the next.
observations as (

    select distinct
        environment_slug,
        observed_at
    from versions
    where not is_deleted_at_source

),

earlier_observations as (

    select
        changed.object_type,
        changed.object_key,
        changed.version_number,
        max(observations.observed_at) as unchanged_until_at
    from changed
    inner join observations
        on
            changed.environment_slug = observations.environment_slug
            and changed.changed_at > observations.observed_at
    group by changed.object_type, changed.object_key, changed.version_number

),

dated as (

    select
        changed.*,
        earlier_observations.unchanged_until_at
    from changed
    inner join earlier_observations
        on
            changed.object_type = earlier_observations.object_type
            and changed.object_key = earlier_observations.object_key
            and changed.version_number = earlier_observations.version_number

)

-- A version in which only more is watched than before is no change.
select * from dated
where action <> 'edit' or changed_columns is null or changed_columns <> ''
