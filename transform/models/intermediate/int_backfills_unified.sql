with backfills as (

    select * from {{ ref("stg_airflow__backfills") }}

),

run_totals as (

    select * from {{ ref("int_backfill_runs_summarised") }}

),

triggers as (

    select * from {{ ref("int_backfill_triggers_matched") }}

),

jobs as (

    select * from {{ ref("stg_airflow__jobs") }}

),

-- The job may be cleaned up, and be known by its runs alone.
before_airflow_3 as (

    select
        run_totals.backfill_key,
        run_totals.environment_slug,
        run_totals.backfill_id,
        run_totals.creating_job_id,
        run_totals.dag_id,
        case jobs.state
            when 'running' then 'running'
            when 'success' then 'completed'
            when 'failed' then 'failed'
        end as state,
        jobs.started_at as created_at,
        jobs.ended_at as completed_at,
        run_totals.extracted_at,
        run_totals.is_deleted_at_source,
        case
            when run_totals.is_deleted_at_source then run_totals.deleted_at_source_at
        end as deleted_at_source_at
    from run_totals
    left join jobs
        on
            run_totals.environment_slug = jobs.environment_slug
            and run_totals.creating_job_id = jobs.job_id
    where run_totals.creating_job_id is not null

),

since_airflow_3 as (

    select
        {{ surrogate_key(["environment_slug", "backfill_id", "null"]) }}
            as backfill_key,
        environment_slug,
        backfill_id,
        cast(null as bigint) as creating_job_id,
        dag_id,
        case
            when completed_at is not null then 'completed'
            when is_paused then 'paused'
            else 'running'
        end as state,
        created_at,
        completed_at,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from backfills

),

unioned as (

    select * from before_airflow_3
    union all
    select * from since_airflow_3

),

joined as (

    select
        unioned.*,
        coalesce(
            backfills.triggered_by_username, triggers.triggered_by_username
        ) as triggered_by_username,
        backfills.from_at,
        backfills.to_at,
        backfills.reprocess_behavior,
        backfills.max_active_runs
    from unioned
    left join backfills
        on
            unioned.environment_slug = backfills.environment_slug
            and unioned.backfill_id = backfills.backfill_id
    left join triggers
        on
            unioned.environment_slug = triggers.environment_slug
            and unioned.backfill_id = triggers.backfill_id

)

select * from joined
