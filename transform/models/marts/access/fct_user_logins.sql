with logins as (

    select * from {{ ref("int_user_logins_counted") }}

),

users as (

    select * from {{ ref("dim_users") }}

)

select
    {{ surrogate_key(["logins.user_key", "logins.version_number"]) }}
        as user_login_key,
    users.user_key,
    logins.environment_slug,
    logins.user_id,
    users.username,
    logins.login_count,
    logins.failed_login_count,
    logins.counted_from_at,
    logins.counted_until_at,
    logins.last_login_at
from logins
-- Of who is gone, mode mirror keeps no more than the number.
left join users on logins.user_key = users.user_key
