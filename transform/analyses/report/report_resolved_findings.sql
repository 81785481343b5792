-- What is no longer so, and since when?
select
    resolved_at,
    severity,
    sentence,
    environment_slug,
    first_seen_at
from {{ ref("fct_findings") }}
where
    not is_open
    -- Also by the last sync, which is of a day that is not over.
    and {{ is_after_begin_of_period("resolved_at") }}
    and {{ of_environments("environment_slug") }}
    and {{ of_dags("dag_key") }}
order by resolved_at desc, rule_number asc, finding_key asc
limit 201
