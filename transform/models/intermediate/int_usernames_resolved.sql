with users as (

    select * from {{ ref("stg_airflow__ab_users") }}

),

-- A user who was deleted and made again has the same name. The actor is the newest.
ranked as (

    select
        environment_slug,
        username,
        {{ surrogate_key(["environment_slug", "user_id"]) }} as user_key,
        row_number() over (
            partition by environment_slug, username
            order by user_id desc
        ) as age_rank
    from users

)

select
    environment_slug,
    username,
    user_key
from ranked
where age_rank = 1
