-- Who can trigger this DAG? Put its dag_id in the place of payroll_export.
-- Airflow asks for two permissions: to create runs, and to edit this DAG or all DAGs.
with permissions_now as (

    select * from {{ ref("fct_user_permissions") }}
    where is_user_active and not is_deleted_at_source

),

may_create_runs as (

    select distinct user_key
    from permissions_now
    where
        action_name = 'can_create'
        and resource_name in ('DAG Runs', 'DAG Run:payroll_export')

)

select distinct
    permissions_now.environment_slug,
    permissions_now.username,
    permissions_now.role_name,
    permissions_now.group_name
from permissions_now
inner join may_create_runs
    on permissions_now.user_key = may_create_runs.user_key
inner join {{ ref("dim_dags") }} as dags
    on
        permissions_now.environment_slug = dags.environment_slug
        and dags.dag_id = 'payroll_export'
where
    permissions_now.action_name = 'can_edit'
    and permissions_now.resource_name in ('DAGs', 'DAG:payroll_export')
order by
    permissions_now.environment_slug,
    permissions_now.username,
    permissions_now.role_name,
    permissions_now.group_name
