with sla_misses as (

    select * from {{ ref("int_sla_misses_matched") }}

),

deadlines as (

    select * from {{ ref("int_deadlines_missed") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

unioned as (

    select
        sla_miss_key,
        environment_slug,
        'sla' as miss_kind,
        dag_id,
        dag_run_id,
        run_id,
        task_id,
        cast(null as {{ native_type("varchar") }}) as deadline_alert_name,
        run_due_at,
        -- Airflow 2 does not keep how long a task may take.
        cast(null as {{ native_type("timestamp with time zone") }}) as due_at,
        missed_at,
        outcome,
        completed_at,
        was_notified,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from sla_misses

    union all

    select
        sla_miss_key,
        environment_slug,
        'deadline' as miss_kind,
        dag_id,
        dag_run_id,
        run_id,
        cast(null as {{ native_type("varchar") }}) as task_id,
        deadline_alert_name,
        run_due_at,
        due_at,
        missed_at,
        outcome,
        completed_at,
        was_notified,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from deadlines

),

measured as (

    select
        unioned.sla_miss_key,
        case
            when unioned.dag_run_id is not null
                then {{ surrogate_key([
                    "unioned.environment_slug", "unioned.dag_run_id"
                ]) }}
        end as dag_run_key,
        {{ surrogate_key(["unioned.environment_slug", "unioned.dag_id"]) }} as dag_key,
        unioned.environment_slug,
        unioned.miss_kind,
        unioned.dag_id,
        unioned.run_id,
        unioned.task_id,
        unioned.deadline_alert_name,
        unioned.run_due_at,
        unioned.due_at,
        unioned.missed_at,
        unioned.outcome,
        unioned.completed_at,
        case
            when unioned.outcome in ('completed', 'open')
                then {{ delay_seconds(
                    "coalesce(unioned.due_at, unioned.missed_at)",
                    "coalesce(unioned.completed_at, environments.synced_at)",
                ) }}
        end as late_seconds,
        unioned.was_notified,
        unioned.extracted_at,
        unioned.is_deleted_at_source,
        unioned.deleted_at_source_at
    from unioned
    left join environments
        on unioned.environment_slug = environments.environment_slug

)

select * from measured
