with backfill_runs as (

    select * from {{ ref("int_backfill_runs_unified") }}

),

dag_runs as (

    select * from {{ ref("stg_airflow__dag_runs") }}

),

-- Deleted runs count, with the last state that is known of them.
summarised as (

    select
        backfill_runs.backfill_key,
        backfill_runs.environment_slug,
        backfill_runs.backfill_id,
        backfill_runs.creating_job_id,
        min(dag_runs.dag_id) as dag_id,
        count(*) as run_count,
        count(case when dag_runs.state = 'success' then 1 end)
            as succeeded_run_count,
        count(case when dag_runs.state = 'failed' then 1 end)
            as failed_run_count,
        count(case when dag_runs.state not in {{ final_states() }} then 1 end)
            as unfinished_run_count,
        min(dag_runs.logical_at) as first_logical_at,
        max(dag_runs.logical_at) as last_logical_at,
        min(dag_runs.started_at) as first_run_started_at,
        max(dag_runs.ended_at) as last_run_ended_at,
        max(dag_runs.extracted_at) as extracted_at,
        min(case when dag_runs.is_deleted_at_source then 1 else 0 end) = 1
            as is_deleted_at_source,
        max(dag_runs.deleted_at_source_at) as deleted_at_source_at
    from backfill_runs
    left join dag_runs
        on
            backfill_runs.environment_slug = dag_runs.environment_slug
            and backfill_runs.dag_run_id = dag_runs.dag_run_id
    group by
        backfill_runs.backfill_key,
        backfill_runs.environment_slug,
        backfill_runs.backfill_id,
        backfill_runs.creating_job_id

)

select * from summarised
