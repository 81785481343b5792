with access_changes as (

    select * from {{ ref("int_access_changes_observed") }}

),

users as (

    select * from {{ ref("dim_users") }}

),

roles as (

    select * from {{ ref("stg_airflow__ab_roles") }}

),

ab_groups as (

    select * from {{ ref("stg_airflow__ab_groups") }}

),

config_changes as (

    select * from {{ ref("fct_config_changes") }}

),

named as (

    select
        {{ surrogate_key([
            "access_changes.access_kind",
            "access_changes.access_key",
            "access_changes.version_number",
        ]) }} as access_change_key,
        access_changes.*,
        users.user_key,
        users.username,
        roles.role_name,
        ab_groups.group_name
    from access_changes
    left join users
        on
            access_changes.environment_slug = users.environment_slug
            and access_changes.user_id = users.user_id
    left join roles
        on
            access_changes.environment_slug = roles.environment_slug
            and access_changes.role_id = roles.role_id
    left join ab_groups
        on
            access_changes.environment_slug = ab_groups.environment_slug
            and access_changes.group_id = ab_groups.group_id

),

-- Airflow tells of accounts and roles only on its command line. A role that came
-- through a group was not given by an event about the user.
told as (

    select
        named.*,
        config_changes.log_id,
        row_number() over (
            partition by named.access_change_key
            order by config_changes.changed_at desc, config_changes.log_id desc
        ) as event_rank
    from named
    left join config_changes
        on
            named.environment_slug = config_changes.environment_slug
            and config_changes.log_id is not null
            and named.unchanged_until_at < config_changes.changed_at
            and named.changed_at >= config_changes.changed_at
            and (
                (
                    config_changes.object_type = 'user'
                    and named.username = config_changes.object_name
                    and named.group_id is null
                    and (
                        named.change_kind = 'account_' || config_changes.action || 'd'
                        or (
                            named.change_kind = 'role_withdrawn'
                            and config_changes.action = 'delete'
                        )
                        or named.role_name = config_changes.role_name
                    )
                )
                or (
                    named.change_kind = 'permission_withdrawn'
                    and config_changes.object_type = 'role'
                    and named.role_name = config_changes.object_name
                    and config_changes.action = 'delete'
                )
            )

)

select
    access_change_key,
    environment_slug,
    access_key,
    change_kind,
    action_name,
    resource_name,
    changed_at,
    unchanged_until_at,
    user_key,
    username,
    role_name,
    group_name,
    log_id
from told
where event_rank = 1
