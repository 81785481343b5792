with runs as (

    select
        dag_runs.environment_slug,
        dag_runs.dag_id,
        dag_runs.first_state,
        dag_runs.first_started_at,
        dag_runs.first_duration_seconds,
        dag_runs.landing_delay_seconds,
        {{ day_of("dag_runs.first_started_at") }} >= windows.since_on as is_recent
    from {{ ref("fct_dag_runs") }} as dag_runs
    inner join {{ ref("int_finding_windows") }} as windows
        on
            dag_runs.environment_slug = windows.environment_slug
            and {{ day_of("dag_runs.first_started_at") }} >= windows.before_on
            and {{ day_of("dag_runs.first_started_at") }} < windows.today_on
    where not dag_runs.is_backfill

)

select
    environment_slug,
    dag_id,
    'duration' as measure_name,
    is_recent,
    first_started_at,
    first_duration_seconds as measured_seconds
from runs
where first_state = 'success' and first_duration_seconds is not null
union all
select
    environment_slug,
    dag_id,
    'landing_delay' as measure_name,
    is_recent,
    first_started_at,
    landing_delay_seconds as measured_seconds
from runs
where landing_delay_seconds is not null
