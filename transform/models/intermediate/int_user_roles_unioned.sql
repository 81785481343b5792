with ab_user_roles as (

    select * from {{ ref("stg_airflow__ab_user_roles") }}

),

ab_user_groups as (

    select * from {{ ref("stg_airflow__ab_user_groups") }}

),

ab_group_roles as (

    select * from {{ ref("stg_airflow__ab_group_roles") }}

),

ab_groups as (

    select * from {{ ref("stg_airflow__ab_groups") }}

),

ab_roles as (

    select * from {{ ref("stg_airflow__ab_roles") }}

),

direct as (

    select
        environment_slug,
        user_id,
        role_id,
        cast(null as bigint) as group_id,
        extracted_at,
        deleted_at_source_at
    from ab_user_roles

),

-- Leaving the group ends it, and so does the group's losing the role.
through_groups as (

    select
        ab_user_groups.environment_slug,
        ab_user_groups.user_id,
        ab_group_roles.role_id,
        ab_user_groups.group_id,
        ab_user_groups.extracted_at,
        {{ earliest(
            "ab_user_groups.deleted_at_source_at", "ab_group_roles.deleted_at_source_at"
        ) }} as deleted_at_source_at
    from ab_user_groups
    inner join ab_group_roles
        on
            ab_user_groups.environment_slug = ab_group_roles.environment_slug
            and ab_user_groups.group_id = ab_group_roles.group_id

),

unioned as (

    select * from direct
    union all
    select * from through_groups

),

-- A role that was taken away and given again has two grants; it is gone if all of them
-- are.
grants as (

    select
        environment_slug,
        user_id,
        role_id,
        group_id,
        max(extracted_at) as extracted_at,
        count(*) = count(deleted_at_source_at) as is_deleted_at_source,
        max(deleted_at_source_at) as last_deleted_at
    from unioned
    group by environment_slug, user_id, role_id, group_id

),

named as (

    select
        grants.environment_slug,
        grants.user_id,
        grants.role_id,
        ab_roles.role_name,
        grants.group_id,
        ab_groups.group_name,
        grants.extracted_at,
        grants.is_deleted_at_source,
        case
            when grants.is_deleted_at_source then grants.last_deleted_at
        end as deleted_at_source_at
    from grants
    left join ab_roles
        on
            grants.environment_slug = ab_roles.environment_slug
            and grants.role_id = ab_roles.role_id
    left join ab_groups
        on
            grants.environment_slug = ab_groups.environment_slug
            and grants.group_id = ab_groups.group_id

)

select * from named
