with user_roles as (

    select * from {{ ref("int_user_roles_held") }}

),

-- A role may come both directly and through groups.
current_roles as (

    select distinct
        user_key,
        role_name
    from user_roles

),

listed as (

    select
        user_key,
        {{ listed("role_name") }} as role_names
    from current_roles
    group by user_key

)

select * from listed
