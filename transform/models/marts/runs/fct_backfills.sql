with backfills as (

    select * from {{ ref("int_backfills_unified") }}

),

run_totals as (

    select * from {{ ref("int_backfill_runs_summarised") }}

),

backfill_dag_runs as (

    select * from {{ ref("stg_airflow__backfill_dag_runs") }}

),

skip_reasons as (

    select * from {{ ref("int_backfill_skip_reasons_listed") }}

),

skips as (

    select
        environment_slug,
        backfill_id,
        count(exception_reason) as skipped_date_count
    from backfill_dag_runs
    group by environment_slug, backfill_id

),

joined as (

    select
        backfills.backfill_key,
        {{ surrogate_key(["backfills.environment_slug", "backfills.dag_id"]) }}
            as dag_key,
        backfills.environment_slug,
        backfills.backfill_id,
        backfills.creating_job_id,
        backfills.dag_id,
        backfills.triggered_by_username,
        backfills.state,
        backfills.from_at,
        backfills.to_at,
        backfills.reprocess_behavior,
        backfills.max_active_runs,
        backfills.created_at,
        backfills.completed_at,
        coalesce(run_totals.run_count, 0) as run_count,
        coalesce(run_totals.succeeded_run_count, 0) as succeeded_run_count,
        coalesce(run_totals.failed_run_count, 0) as failed_run_count,
        coalesce(run_totals.unfinished_run_count, 0) as unfinished_run_count,
        case
            when backfills.backfill_id is not null
                then coalesce(skips.skipped_date_count, 0)
        end as skipped_date_count,
        skip_reasons.skip_reasons,
        run_totals.first_logical_at,
        run_totals.last_logical_at,
        run_totals.first_run_started_at,
        run_totals.last_run_ended_at,
        backfills.extracted_at,
        backfills.is_deleted_at_source,
        backfills.deleted_at_source_at
    from backfills
    left join run_totals on backfills.backfill_key = run_totals.backfill_key
    left join skips
        on
            backfills.environment_slug = skips.environment_slug
            and backfills.backfill_id = skips.backfill_id
    left join skip_reasons
        on
            backfills.environment_slug = skip_reasons.environment_slug
            and backfills.backfill_id = skip_reasons.backfill_id

)

select * from joined
