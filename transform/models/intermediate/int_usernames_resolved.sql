with users as (

    select * from {{ ref("int_users_unioned") }}

),

-- A user who was deleted and made again has the same name. The actor is the newest; one
-- that another auth manager keeps comes after all that Airflow kept.
ranked as (

    select
        environment_slug,
        username,
        user_key,
        row_number() over (
            partition by environment_slug, username
            order by is_deleted_at_source asc, user_id desc
        ) as age_rank
    from users

)

select
    environment_slug,
    username,
    user_key
from ranked
where age_rank = 1
