-- What did Airflow do in the period, and what in the one before?
with periods as (

    select 'current' as period_name
    union all
    -- Before the first data, nothing is known; it is not that nothing happened.
    select 'previous' as period_name
    from {{ ref("fct_dag_runs") }}
    where {{ of_environments("environment_slug") }}
    having {{ begins_with_period_before("min(first_started_at)") }}

),

runs as (

    select
        *,
        {{ period_name("first_started_at") }} as period_name
    from {{ ref("fct_dag_runs") }}
    where
        {{ in_both_periods("first_started_at") }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

tries as (

    select
        wasted_seconds,
        coalesce(pool_slots, 1) * held_seconds as slot_seconds,
        {{ period_name("started_at") }} as period_name
    from {{ ref("fct_task_attempts") }}
    where
        {{ in_both_periods("started_at") }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

interventions as (

    select {{ period_name("logged_at") }} as period_name
    from {{ ref("fct_manual_interventions") }}
    where
        {{ in_both_periods("logged_at") }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

import_errors as (

    select {{ period_name("first_seen_at") }} as period_name
    from {{ ref("fct_import_errors") }}
    where
        {{ in_both_periods("first_seen_at") }}
        and {{ of_environments("environment_slug") }}

),

runs_measured as (

    select
        period_name,
        count(*) as run_count,
        sum(case when first_state = 'success' then 1 else 0 end) as success_count,
        sum(case when first_state = 'failed' then 1 else 0 end) as failed_count,
        {{ percentile("landing_delay_seconds", 0.5) }} as landing_delay_p50_seconds
    from runs
    group by period_name

),

tries_measured as (

    select
        period_name,
        sum(wasted_seconds) / 3600 as wasted_hours,
        sum(slot_seconds) / 3600 as slot_hours
    from tries
    group by period_name

),

interventions_counted as (

    select
        period_name,
        count(*) as intervention_count
    from interventions
    group by period_name

),

import_errors_counted as (

    select
        period_name,
        count(*) as error_count
    from import_errors
    group by period_name

),

measured as (

    select
        periods.period_name,
        coalesce(runs_measured.run_count, 0) as runs,
        {{ share(
            "runs_measured.success_count",
            "(runs_measured.success_count + runs_measured.failed_count)",
        ) }} as success_share,
        coalesce(runs_measured.failed_count, 0) as failed_runs,
        runs_measured.landing_delay_p50_seconds as median_landing_delay_seconds,
        coalesce(tries_measured.wasted_hours, 0) as wasted_hours,
        coalesce(tries_measured.slot_hours, 0) as slot_hours,
        {% if is_of_some_dags() -%}
            -- Of a file that is broken nobody knows whose DAGs are in it.
            {{ null_like("import_errors_counted.error_count") }} as new_import_errors,
        {% else -%}
            coalesce(import_errors_counted.error_count, 0) as new_import_errors,
        {% endif -%}
        coalesce(interventions_counted.intervention_count, 0) as interventions
    from periods
    left join runs_measured on periods.period_name = runs_measured.period_name
    left join tries_measured on periods.period_name = tries_measured.period_name
    left join import_errors_counted
        on periods.period_name = import_errors_counted.period_name
    left join interventions_counted
        on periods.period_name = interventions_counted.period_name

),

{{ tiles([
    "runs",
    "success_share",
    "failed_runs",
    "median_landing_delay_seconds",
    "wasted_hours",
    "slot_hours",
    "new_import_errors",
    "interventions",
]) }}

select
    metric,
    current_value,
    previous_value
from tiles
order by metric_number
