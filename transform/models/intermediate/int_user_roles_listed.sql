with user_roles as (

    select * from {{ ref("int_user_roles_unioned") }}

),

-- A role may come both directly and through groups.
current_roles as (

    select distinct
        environment_slug,
        user_id,
        role_name
    from user_roles
    where not is_deleted_at_source

),

listed as (

    select
        environment_slug,
        user_id,
        {{ listed("role_name") }} as role_names
    from current_roles
    group by environment_slug, user_id

)

select * from listed
