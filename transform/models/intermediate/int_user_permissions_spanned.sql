with versions as (

    select * from {{ ref("int_access_versions_unioned") }}
    where not is_deleted_at_source

),

accounts as (

    select * from versions
    where access_kind = 'account' and is_active

),

user_roles as (

    select * from versions
    where access_kind = 'role'

),

role_permissions as (

    select * from versions
    where access_kind = 'permission'

),

held as (

    select
        accounts.environment_slug,
        accounts.user_id,
        user_roles.role_id,
        user_roles.group_id,
        greatest(accounts.valid_from_at, user_roles.valid_from_at) as valid_from_at,
        {{ earliest("accounts.valid_to_at", "user_roles.valid_to_at") }} as valid_to_at
    from accounts
    inner join user_roles
        on
            accounts.environment_slug = user_roles.environment_slug
            and accounts.user_id = user_roles.user_id

),

permitted as (

    select
        held.environment_slug,
        held.user_id,
        held.role_id,
        held.group_id,
        role_permissions.action_name,
        role_permissions.resource_name,
        greatest(held.valid_from_at, role_permissions.valid_from_at) as valid_from_at,
        {{ earliest(
            "held.valid_to_at", "role_permissions.valid_to_at"
        ) }} as valid_to_at
    from held
    inner join role_permissions
        on
            held.environment_slug = role_permissions.environment_slug
            and held.role_id = role_permissions.role_id

),

-- An account that was switched off has the same permission twice.
numbered as (

    select
        *,
        row_number() over (
            partition by
                environment_slug, user_id, role_id, group_id, action_name, resource_name
            order by valid_from_at
        ) as history_number
    from permitted
    where valid_to_at is null or valid_from_at < valid_to_at

)

select
    *,
    {{ surrogate_key([
        "environment_slug",
        "user_id",
        "role_id",
        "group_id",
        "action_name",
        "resource_name",
        "history_number",
    ]) }} as user_permission_history_key
from numbered
