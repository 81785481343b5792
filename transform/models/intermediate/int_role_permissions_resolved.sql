with ab_permission_view_roles as (

    select * from {{ ref("stg_airflow__ab_permission_view_roles") }}

),

ab_permission_views as (

    select * from {{ ref("stg_airflow__ab_permission_views") }}

),

ab_permissions as (

    select * from {{ ref("stg_airflow__ab_permissions") }}

),

ab_view_menus as (

    select * from {{ ref("stg_airflow__ab_view_menus") }}

),

resolved as (

    select
        ab_permission_view_roles.environment_slug,
        ab_permission_view_roles.role_id,
        ab_permissions.action_name,
        ab_view_menus.resource_name,
        ab_permission_view_roles.extracted_at,
        ab_permission_view_roles.deleted_at_source_at
    from ab_permission_view_roles
    inner join ab_permission_views
        on
            ab_permission_view_roles.environment_slug
            = ab_permission_views.environment_slug
            and ab_permission_view_roles.permission_id
            = ab_permission_views.permission_id
    inner join ab_permissions
        on
            ab_permission_views.environment_slug = ab_permissions.environment_slug
            and ab_permission_views.action_id = ab_permissions.action_id
    inner join ab_view_menus
        on
            ab_permission_views.environment_slug = ab_view_menus.environment_slug
            and ab_permission_views.resource_id = ab_view_menus.resource_id

),

-- A permission that was taken away and given again is gone only if every grant of it
-- is.
grants as (

    select
        environment_slug,
        role_id,
        action_name,
        resource_name,
        max(extracted_at) as extracted_at,
        count(*) = count(deleted_at_source_at) as is_deleted_at_source,
        max(deleted_at_source_at) as last_deleted_at
    from resolved
    group by environment_slug, role_id, action_name, resource_name

),

-- Airflow names the permissions of one DAG after it.
dag_level as (

    select
        environment_slug,
        role_id,
        action_name,
        resource_name,
        case
            when resource_name like 'DAG:%' then substring(resource_name, 5)
            when resource_name like 'DAG Run:%' then substring(resource_name, 9)
        end as dag_id,
        extracted_at,
        is_deleted_at_source,
        case when is_deleted_at_source then last_deleted_at end as deleted_at_source_at
    from grants

)

select * from dag_level
