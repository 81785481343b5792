with users as (

    select * from {{ ref("int_users_unioned") }}

),

audit_events as (

    select * from {{ ref("fct_audit_events") }}

),

-- Whatever it was: to runs, to connections and roles, to the platform.
last_events as (

    select
        user_key,
        max(logged_at) as last_event_at
    from audit_events
    where user_key is not null
    group by user_key

)

select
    users.user_key,
    case
        when last_events.last_event_at > users.last_login_at
            then last_events.last_event_at
        else coalesce(users.last_login_at, last_events.last_event_at)
    end as last_activity_at
from users
left join last_events on users.user_key = last_events.user_key
