with user_roles as (

    select * from {{ ref("int_user_roles_unioned") }}

),

privileged_roles as (

    select * from {{ ref("int_privileged_roles_listed") }}

),

external_access as (

    select * from {{ ref("int_external_access_listed") }}

),

-- Admin is Airflow's own name of the role that may do everything.
airflow_roles as (

    select
        {{ surrogate_key(["user_roles.environment_slug", "user_roles.user_id"]) }}
            as user_key,
        {{ surrogate_key(["user_roles.environment_slug", "user_roles.role_id"]) }}
            as role_key,
        user_roles.environment_slug,
        user_roles.role_name,
        user_roles.group_id,
        coalesce(user_roles.role_name = 'Admin', false) as is_admin,
        privileged_roles.role_id is not null as is_privileged
    from user_roles
    left join privileged_roles
        on
            user_roles.environment_slug = privileged_roles.environment_slug
            and user_roles.role_id = privileged_roles.role_id
    where not user_roles.is_deleted_at_source

),

-- The simple auth manager writes it in small letters.
external_roles as (

    select
        user_key,
        role_key,
        environment_slug,
        role_name,
        cast(null as bigint) as group_id,
        lower(role_name) = 'admin' as is_admin,
        is_privileged
    from external_access
    where role_name is not null

),

unioned as (

    select * from airflow_roles
    union all
    select * from external_roles

)

select * from unioned
