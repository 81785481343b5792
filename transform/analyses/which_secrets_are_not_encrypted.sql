-- Which connections and variables does Airflow keep without encryption?
select
    environment_slug,
    'connection' as kind,
    conn_id as name_of_secret
from {{ ref("dim_connections") }}
where not is_deleted_at_source and not is_encrypted

union all

select
    environment_slug,
    'variable' as kind,
    variable_name as name_of_secret
from {{ ref("dim_variables") }}
where not is_deleted_at_source and not is_encrypted
