with dag_runs as (

    select
        *,
        {{ surrogate_key(["environment_slug", "dag_run_id"]) }} as dag_run_key,
        -- While it is queued again it has no start.
        case
            when started_at is not null then started_at
            when state = 'queued' then extracted_at
        end as last_started_at
    from {{ ref("stg_airflow__dag_runs") }}

),

marks as (

    select * from {{ ref("int_state_marks_matched") }}

),

task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

-- Before Airflow 2.8 runs do not tell how often they were cleared.
restarted as (

    select
        dag_runs.dag_run_key,
        dag_runs.clear_count is not null as is_known_to_have_ended,
        dag_runs.last_started_at,
        min(case when task_attempts.is_rerun then task_attempts.started_at end)
            as first_rerun_at
    from dag_runs
    inner join task_attempts
        on
            dag_runs.dag_run_key = task_attempts.dag_run_key
            and dag_runs.last_started_at > task_attempts.started_at
    where coalesce(dag_runs.clear_count, 1) > 0
    group by
        dag_runs.dag_run_key, dag_runs.clear_count, dag_runs.last_started_at

),

-- A run starts anew only if it had ended, from Airflow 2.7 on. That it had also ended
-- before a rerun of some task, its tasks have to tell.
bounded as (

    select
        dag_run_key,
        last_started_at as ended_before_at,
        is_known_to_have_ended,
        'start' as boundary_kind,
        false as is_success_doubtful
    from restarted
    union all
    select
        dag_run_key,
        first_rerun_at as ended_before_at,
        false as is_known_to_have_ended,
        'rerun' as boundary_kind,
        false as is_success_doubtful
    from restarted
    where first_rerun_at < last_started_at
    union all
    select
        dag_runs.dag_run_key,
        min(marks.marked_at) as ended_before_at,
        true as is_known_to_have_ended,
        'mark' as boundary_kind,
        dag_runs.state = 'success' as is_success_doubtful
    from dag_runs
    inner join marks
        on
            dag_runs.environment_slug = marks.environment_slug
            and dag_runs.dag_run_id = marks.dag_run_id
            and dag_runs.state = marks.new_state
            and dag_runs.ended_at < marks.marked_at
    group by dag_runs.dag_run_key, dag_runs.state

)

select
    *,
    lag(ended_before_at) over (
        partition by dag_run_key order by ended_before_at
    ) as started_after_at
from bounded
