-- Who got power, over accounts, connections or variables?
select
    {{ finding(
        "new_privileges",
        "high",
        "finding_windows",
        {
            "username": "changes.username",
            "user_key": "changes.user_key",
            "object_name": "changes.role_name",
        },
        [
            "coalesce(changes.username, " ~ words([
                "'The role '", "changes.role_name"
            ]) ~ ")",
            "case changes.change_kind"
            ~ " when 'account_switched_on' then ' can log in again and has power'"
            ~ " when 'permission_granted' then " ~ words([
                "' may now '", "replace(changes.action_name, 'can_', '')", "' '",
                "changes.resource_name",
            ])
            ~ " else coalesce(" ~ words([
                "' got the privileged role '", "changes.role_name"
            ]) ~ ", ' got power by a group') end",
            "coalesce(" ~ words(["' from '", "changes.actor_name"]) ~ ", '')",
            "', seen on '",
            date_text("changes.changed_at"),
        ],
        "1",
        "0",
        "changes",
        "changes.changed_at",
        "changes.changed_at",
        occurrence="changes.access_change_key",
    ) }}
from {{ ref("fct_access_changes") }} as changes
inner join {{ ref("int_finding_windows") }} as finding_windows
    on
        changes.environment_slug = finding_windows.environment_slug
        and {{ day_of("changes.changed_at") }} >= finding_windows.since_on
where
    changes.is_privileged
    and changes.change_kind in (
        'role_granted', 'group_joined', 'permission_granted', 'account_switched_on'
    )
