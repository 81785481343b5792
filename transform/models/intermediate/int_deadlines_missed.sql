with deadlines as (

    select * from {{ ref("stg_airflow__deadlines") }}

),

deadline_alerts as (

    select * from {{ ref("stg_airflow__deadline_alerts") }}

),

dag_runs as (

    select * from {{ ref("int_dag_runs_unified") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

joined as (

    select
        {{ surrogate_key([
            "deadlines.environment_slug", "'deadline'", "deadlines.deadline_id"
        ]) }} as sla_miss_key,
        deadlines.environment_slug,
        -- Only 3.0 notes the DAG with the deadline, and there it may have no run.
        coalesce(dag_runs.dag_id, deadlines.dag_id) as dag_id,
        deadlines.dag_run_id,
        dag_runs.run_id,
        deadline_alerts.deadline_alert_name,
        dag_runs.due_at as run_due_at,
        deadlines.deadline_at as due_at,
        deadlines.was_missed,
        deadlines.updated_at,
        deadlines.callback_state,
        case
            when dag_runs.state = 'success' then 'completed'
            when dag_runs.state = 'failed' then 'failed'
            when dag_runs.state is not null then 'open'
        end as outcome,
        case
            when dag_runs.state = 'success' then dag_runs.ended_at
        end as completed_at,
        environments.synced_at,
        deadlines.extracted_at,
        deadlines.is_deleted_at_source,
        deadlines.deleted_at_source_at
    from deadlines
    left join deadline_alerts
        on
            deadlines.environment_slug = deadline_alerts.environment_slug
            and deadlines.deadline_alert_id = deadline_alerts.deadline_alert_id
    left join dag_runs
        on
            deadlines.environment_slug = dag_runs.environment_slug
            and deadlines.dag_run_id = dag_runs.dag_run_id
    left join environments
        on deadlines.environment_slug = environments.environment_slug

),

missed as (

    select
        sla_miss_key,
        environment_slug,
        dag_id,
        dag_run_id,
        run_id,
        deadline_alert_name,
        run_due_at,
        due_at,
        -- Since 3.2 Airflow touches a deadline last when it notices the miss.
        case when was_missed then updated_at end as missed_at,
        outcome,
        completed_at,
        -- Only 3.1 notes with the deadline what became of its callback.
        callback_state = 'success' as was_notified,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from joined
    where
        was_missed
        -- Until 3.1 nothing says so, and a deadline that is met is removed.
        or (
            was_missed is null
            and (
                callback_state is not null
                or due_at < coalesce(completed_at, deleted_at_source_at, synced_at)
            )
        )

)

select * from missed
