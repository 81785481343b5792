-- A decision about one finding counts before one about many; then the one that lasts.
with triage as (

    select *
    from {{ own_relation_or(ref("finding_triage"), "finding_triage_relation") }}

),

matched as (

    select
        findings.finding_key,
        findings.synced_at,
        triage.silenced_until_on,
        triage.assigned_to,
        triage.reason,
        triage.decided_by,
        row_number() over (
            partition by findings.finding_key
            order by
                case when triage.finding_key is null then 1 else 0 end asc,
                coalesce(triage.silenced_until_on, cast('1970-01-01' as date)) desc,
                triage.assigned_to asc
        ) as decision_rank
    from {{ ref("int_findings_unioned") }} as findings
    inner join triage
        on
            coalesce(findings.finding_key = triage.finding_key, true)
            and coalesce(findings.rule_name = triage.rule_name, true)
            and coalesce(findings.environment_slug = triage.environment_slug, true)
            and coalesce(
                findings.subject = triage.subject
                or (
                    right(triage.subject, 1) = '*'
                    and left(findings.subject, length(triage.subject) - 1)
                    = left(triage.subject, length(triage.subject) - 1)
                ),
                true
            )

)

select
    finding_key,
    silenced_until_on,
    assigned_to,
    reason,
    decided_by,
    coalesce(silenced_until_on >= {{ day_of("synced_at") }}, false) as is_silenced
from matched
where decision_rank = 1
