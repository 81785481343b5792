-- What did the rules find, each of them, and what first?
with findings as (

    select
        *,
        {{ severity_number("severity") }} as severity_number
    from {{ ref("fct_findings") }}
    where
        is_open
        and not is_silenced
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

ranked as (

    select
        *,
        count(*) over (partition by rule_name) as finding_count,
        min(severity_number) over (partition by rule_name) as first_severity_number,
        row_number() over (
            partition by rule_name
            order by
                severity_number asc,
                coalesce(measured_value, 0) desc,
                finding_key asc
        ) as finding_rank
    from findings

)

select
    rule_name,
    severity,
    environment_slug,
    subject,
    sentence,
    finding_count
from ranked
where finding_rank <= 4
order by first_severity_number, rule_number, finding_rank
