with dag_runs as (

    select
        *,
        {{ surrogate_key(["environment_slug", "dag_run_id"]) }} as dag_run_key
    from {{ ref("stg_airflow__dag_runs") }}

),

judged as (

    select * from {{ ref("int_dag_run_outcomes_judged") }}

),

observed as (

    select
        dag_runs.dag_run_key,
        versions.state,
        versions.started_at,
        versions.ended_at
    from {{ ref("snap_airflow__dag_run_outcomes") }} as versions
    inner join dag_runs
        on
            versions.environment_slug = dag_runs.environment_slug
            and versions.dag_run_id = dag_runs.dag_run_id
    where
        versions.dbt_valid_to is null
        and (
            versions.ended_at <> coalesce(dag_runs.ended_at, dag_runs.extracted_at)
            or versions.state <> dag_runs.state
        )

),

derived as (

    select
        judged.dag_run_key,
        judged.state,
        -- A mark leaves the times of a run that had ended.
        case
            when judged.boundary_kind = 'mark' then dag_runs.started_at
            else judged.started_at
        end as started_at,
        case
            when judged.boundary_kind = 'mark' then dag_runs.ended_at
            else judged.ended_at
        end as ended_at
    from judged
    inner join dag_runs
        on judged.dag_run_key = dag_runs.dag_run_key
    left join observed
        on
            judged.dag_run_key = observed.dag_run_key
            and judged.ended_at <= observed.ended_at
            and judged.ended_before_at >= observed.ended_at
    where observed.dag_run_key is null

),

unioned as (

    select
        dag_run_key,
        state,
        started_at,
        ended_at,
        'dag_run' as evidence,
        2 as recency_rank
    from dag_runs
    where state in ('success', 'failed')
    union all
    select
        dag_run_key,
        state,
        started_at,
        ended_at,
        'earlier_sync' as evidence,
        1 as recency_rank
    from observed
    union all
    select
        dag_run_key,
        state,
        started_at,
        ended_at,
        'task_attempts' as evidence,
        1 as recency_rank
    from derived

),

numbered as (

    select
        unioned.*,
        dag_runs.environment_slug,
        dag_runs.dag_id,
        dag_runs.run_id,
        row_number() over (
            partition by unioned.dag_run_key
            order by unioned.recency_rank, unioned.ended_at, unioned.state
        ) as outcome_number,
        count(*) over (partition by unioned.dag_run_key) as outcome_count,
        dag_runs.extracted_at,
        dag_runs.is_deleted_at_source,
        dag_runs.deleted_at_source_at
    from unioned
    inner join dag_runs
        on unioned.dag_run_key = dag_runs.dag_run_key

)

select * from numbered
