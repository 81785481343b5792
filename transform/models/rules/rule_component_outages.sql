-- When was no scheduler, triggerer or DAG processor alive?
select
    {{ finding(
        "component_outages",
        "case when outages.outage_ended_at is null then 'high' else 'medium' end",
        "finding_windows",
        {"object_name": "outages.component"},
        [
            "'No '",
            "outages.component",
            "' was alive for '",
            duration_text("outages.outage_seconds"),
            "', from '",
            minute_text("outages.outage_started_at"),
            "case when outages.outage_ended_at is null then ' until the last sync' else ' on' end",
        ],
        "outages.outage_seconds",
        var("outage_seconds"),
        "seconds",
        "outages.outage_started_at",
        "coalesce(outages.outage_ended_at, finding_windows.synced_at)",
        occurrence="outages.component_outage_key",
    ) }}
from {{ ref("fct_component_outages") }} as outages
inner join {{ ref("int_finding_windows") }} as finding_windows
    on
        outages.environment_slug = finding_windows.environment_slug
        and {{ day_of("outages.outage_started_at") }} >= finding_windows.since_on
where outages.outage_seconds >= {{ var("outage_seconds") }}
