with user_groups as (

    select * from {{ ref("stg_airflow__ab_user_groups") }}

),

ab_groups as (

    select * from {{ ref("stg_airflow__ab_groups") }}

),

-- Left and joined again, it is one membership.
current_groups as (

    select distinct
        user_groups.environment_slug,
        user_groups.user_id,
        ab_groups.group_name
    from user_groups
    inner join ab_groups
        on
            user_groups.environment_slug = ab_groups.environment_slug
            and user_groups.group_id = ab_groups.group_id
    where
        not user_groups.is_deleted_at_source
        and not ab_groups.is_deleted_at_source

),

listed as (

    select
        environment_slug,
        user_id,
        {{ listed("group_name") }} as group_names
    from current_groups
    group by environment_slug, user_id

)

select * from listed
