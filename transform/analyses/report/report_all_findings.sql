-- What should somebody look at, the most urgent first?
select
    severity,
    sentence,
    environment_slug,
    began_at,
    first_seen_at,
    assigned_to
from {{ ref("fct_findings") }}
where
    is_open
    and not is_silenced
    and {{ of_environments("environment_slug") }}
    and {{ of_dags("dag_key") }}
order by
    {{ severity_number("severity") }} asc,
    rule_number asc,
    coalesce(measured_value, 0) desc,
    finding_key asc
limit 201
