-- Which findings does nobody want to hear of, until when, and who decided it?
select
    silenced_until_on,
    sentence,
    environment_slug,
    triage_reason,
    decided_by
from {{ ref("fct_findings") }}
where
    is_open
    and is_silenced
    and {{ of_environments("environment_slug") }}
    and {{ of_dags("dag_key") }}
order by silenced_until_on asc, rule_number asc, finding_key asc
limit 201
