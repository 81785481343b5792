-- Who intervened far more often than in the weeks before?
with counted as (

    select
        interventions.environment_slug,
        interventions.actor_name,
        finding_windows.synced_at,
        sum(
            case
                when {{ day_of("interventions.logged_at") }} >= finding_windows.since_on
                    then 1
                else 0
            end
        ) as recent_count,
        sum(
            case
                when {{ day_of("interventions.logged_at") }} < finding_windows.since_on
                    then 1
                else 0
            end
        ) as before_count,
        max(interventions.logged_at) as last_at
    from {{ ref("fct_manual_interventions") }} as interventions
    inner join {{ ref("int_finding_windows") }} as finding_windows
        on
            interventions.environment_slug = finding_windows.environment_slug
            and {{ day_of("interventions.logged_at") }} >= finding_windows.before_on
            and {{ day_of("interventions.logged_at") }} < finding_windows.today_on
    group by
        interventions.environment_slug,
        interventions.actor_name,
        finding_windows.synced_at,
        finding_windows.since_on

)

select
    {{ finding(
        "unusual_volume",
        "low",
        "counted",
        {"username": "actor_name"},
        [
            "coalesce(actor_name, 'Somebody')",
            "' intervened '",
            counted_text("recent_count", "time"),
            "', and '",
            counted_text("before_count", "time"),
            "' in the weeks before'",
        ],
        "recent_count",
        "before_count",
        "interventions",
        "last_at",
        "last_at",
    ) }}
from counted
where {{ is_beyond_chance("recent_count", "(recent_count + before_count)") }}
