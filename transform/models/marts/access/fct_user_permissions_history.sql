with spans as (

    select * from {{ ref("int_user_permissions_spanned") }}

),

users as (

    select * from {{ ref("dim_users") }}

),

roles as (

    select * from {{ ref("stg_airflow__ab_roles") }}

),

privileged_permissions as (

    select * from {{ ref("privileged_permissions") }}

)

select
    spans.user_permission_history_key,
    {{ surrogate_key(["spans.environment_slug", "spans.user_id"]) }} as user_key,
    spans.environment_slug,
    spans.user_id,
    users.username,
    spans.role_id,
    roles.role_name,
    spans.group_id,
    spans.group_id is not null as is_through_group,
    spans.action_name,
    spans.resource_name,
    privileged_permissions.action_name is not null as is_privileged,
    spans.valid_from_at,
    spans.valid_to_at,
    spans.valid_to_at is null as is_current
from spans
left join users
    on
        spans.environment_slug = users.environment_slug
        and spans.user_id = users.user_id
left join roles
    on
        spans.environment_slug = roles.environment_slug
        and spans.role_id = roles.role_id
left join privileged_permissions
    on
        spans.action_name = privileged_permissions.action_name
        and spans.resource_name = privileged_permissions.resource_name
