with present as (

    select * from {{ ref("int_findings_unioned") }}

),

versions as (

    select * from {{ ref("snap_findings") }}

),

seen as (

    select
        finding_key,
        min(dbt_valid_from) as first_seen_at
    from versions
    group by finding_key

),

syncs as (

    select distinct
        environment_slug,
        extracted_at as synced_at
    from {{ ref("stg_airflow__sync_manifests") }}

),

ended as (

    select
        versions.finding_key,
        versions.dbt_valid_from as resolved_at,
        max(syncs.synced_at) as last_seen_at
    from versions
    left join present on versions.finding_key = present.finding_key
    left join syncs
        on
            versions.environment_slug = syncs.environment_slug
            and versions.dbt_valid_from > syncs.synced_at
    where
        versions.dbt_valid_to is null
        and not versions.is_open
        and present.finding_key is null
    group by versions.finding_key, versions.dbt_valid_from

),

{%- set told = [
    "rule_name", "rule_number", "severity", "environment_slug", "dag_key", "user_key",
    "dag_id", "task_id", "run_id", "measured_value", "usual_value", "value_unit",
    "began_at", "last_happened_at",
] %}

unioned as (

    select
        finding_key,
        {{ told | join(",\n        ") }},
        subject,
        username,
        object_name,
        sentence,
        true as is_open,
        synced_at as last_seen_at,
        {{ null_like("synced_at") }} as resolved_at
    from present
    union all
    -- History names nobody; who is still there can be called by name.
    select
        versions.finding_key,
        versions.{{ told | join(",\n        versions.") }},
        coalesce(versions.subject, known_users.username, 'somebody') as subject,
        known_users.username,
        versions.object_name,
        coalesce(
            versions.sentence,
            {{ words([
                "coalesce(known_users.username, 'Somebody')",
                "': '",
                "replace(versions.rule_name, '_', ' ')",
            ]) }}
        ) as sentence,
        false as is_open,
        ended.last_seen_at,
        ended.resolved_at
    from versions
    inner join ended
        on
            versions.finding_key = ended.finding_key
            and versions.dbt_valid_from = ended.resolved_at
    left join {{ ref("dim_users") }} as known_users
        on versions.user_key = known_users.user_key

)

select
    unioned.finding_key,
    unioned.{{ told | join(",\n    unioned.") }},
    unioned.subject,
    unioned.username,
    unioned.object_name,
    unioned.sentence,
    unioned.is_open,
    coalesce(seen.first_seen_at, unioned.last_seen_at) as first_seen_at,
    unioned.last_seen_at,
    unioned.resolved_at,
    coalesce(triage.is_silenced, false) as is_silenced,
    triage.silenced_until_on,
    triage.assigned_to,
    triage.reason as triage_reason,
    triage.decided_by
from unioned
left join seen on unioned.finding_key = seen.finding_key
left join {{ ref("int_finding_triage_ranked") }} as triage
    on unioned.finding_key = triage.finding_key
