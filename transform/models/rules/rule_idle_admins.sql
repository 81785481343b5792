-- Which privileged accounts does nobody use?
select
    {{ finding(
        "idle_admins",
        "case when reviewed.has_never_logged_in then 'high' else 'medium' end",
        "finding_windows",
        {"username": "reviewed.username", "user_key": "reviewed.user_key"},
        [
            "reviewed.username",
            "case when reviewed.is_admin then ' is an admin' else ' is privileged' end",
            "case when reviewed.has_never_logged_in then ' and never logged in' else "
            ~ "coalesce(" ~ words([
                "' and was last seen on '", date_text("reviewed.last_activity_at")
            ]) ~ ", ' and was never seen') end",
        ],
        days_between(day_of("reviewed.last_activity_at"), "finding_windows.today_on"),
        var("dormant_after_days"),
        "days",
        "reviewed.last_activity_at",
        "finding_windows.synced_at",
        occurrence="reviewed.user_key",
    ) }}
from {{ ref("rpt_access_review") }} as reviewed
inner join {{ ref("int_finding_windows") }} as finding_windows
    on reviewed.environment_slug = finding_windows.environment_slug
where
    reviewed.is_active
    and reviewed.is_privileged
    and not reviewed.is_deleted_at_source
    and (reviewed.is_dormant or reviewed.has_never_logged_in)
