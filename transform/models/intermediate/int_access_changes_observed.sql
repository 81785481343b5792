with versions as (

    select * from {{ ref("int_access_versions_unioned") }}

),

sequenced as (

    select
        *,
        -- What was gone already as history began has an earlier time. Each kind has a
        -- beginning of its own: a warehouse may be older than the snapshot.
        min(case when not is_deleted_at_source then valid_from_at end)
            over (partition by environment_slug, access_kind) as began_at,
        lag(is_deleted_at_source) over (
            partition by access_kind, access_key
            order by valid_from_at
        ) as was_deleted_before,
        lag(is_active) over (
            partition by access_kind, access_key
            order by valid_from_at
        ) as was_active_before,
        row_number() over (
            partition by access_kind, access_key
            order by valid_from_at
        ) as version_number
    from versions

),

named as (

    select
        *,
        case
            when is_deleted_at_source and not was_deleted_before
                then
                    case access_kind
                        when 'account' then 'account_deleted'
                        when 'role' then 'role_withdrawn'
                        when 'group' then 'group_left'
                        else 'permission_withdrawn'
                    end
            when is_deleted_at_source then null
            when coalesce(was_deleted_before, true)
                then
                    case access_kind
                        when 'account' then 'account_created'
                        when 'role' then 'role_granted'
                        when 'group' then 'group_joined'
                        else 'permission_granted'
                    end
            when is_active and not was_active_before then 'account_switched_on'
            when not is_active and was_active_before then 'account_switched_off'
        end as change_kind
    from sequenced

),

changed as (

    select * from named
    where change_kind is not null and valid_from_at > began_at

),

-- When builds saw anything: there may be several syncs from one build to the next.
observations as (

    select distinct
        environment_slug,
        valid_from_at as observed_at
    from versions
    where not is_deleted_at_source

),

earlier_observations as (

    select
        changed.access_kind,
        changed.access_key,
        changed.version_number,
        max(observations.observed_at) as unchanged_until_at
    from changed
    inner join observations
        on
            changed.environment_slug = observations.environment_slug
            and changed.valid_from_at > observations.observed_at
    group by changed.access_kind, changed.access_key, changed.version_number

)

select
    changed.environment_slug,
    changed.access_kind,
    changed.access_key,
    changed.version_number,
    changed.change_kind,
    changed.user_id,
    changed.role_id,
    changed.group_id,
    changed.action_name,
    changed.resource_name,
    changed.valid_from_at as changed_at,
    earlier_observations.unchanged_until_at
from changed
inner join earlier_observations
    on
        changed.access_kind = earlier_observations.access_kind
        and changed.access_key = earlier_observations.access_key
        and changed.version_number = earlier_observations.version_number
