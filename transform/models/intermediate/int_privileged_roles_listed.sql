with role_permissions as (

    select * from {{ ref("int_role_permissions_resolved") }}

),

privileged_permissions as (

    select * from {{ ref("privileged_permissions") }}

)

select distinct
    role_permissions.environment_slug,
    role_permissions.role_id
from role_permissions
inner join privileged_permissions
    on
        role_permissions.action_name = privileged_permissions.action_name
        and role_permissions.resource_name = privileged_permissions.resource_name
where not role_permissions.is_deleted_at_source
