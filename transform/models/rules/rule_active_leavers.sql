-- Who left the company, and can still log in?
select
    {{ finding(
        "active_leavers",
        "high",
        "finding_windows",
        {"username": "reviewed.username", "user_key": "reviewed.user_key"},
        [
            "reviewed.username",
            "' left'",
            "coalesce(" ~ words(["' on '", as_text("reviewed.left_on")]) ~ ", '')",
            "' and can still log in'",
            "coalesce(" ~ words(["', as '", "reviewed.role_names"]) ~ ", '')",
        ],
        days_between("reviewed.left_on", "finding_windows.today_on"),
        "0",
        "days",
        moment_of_day("reviewed.left_on"),
        "finding_windows.synced_at",
        occurrence="reviewed.user_key",
    ) }}
from {{ ref("rpt_access_review") }} as reviewed
inner join {{ ref("int_finding_windows") }} as finding_windows
    on reviewed.environment_slug = finding_windows.environment_slug
where reviewed.is_active_leaver
