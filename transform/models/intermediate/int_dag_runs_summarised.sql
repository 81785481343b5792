with dag_runs as (

    select * from {{ ref("int_dag_runs_unified") }}

),

-- Deleted runs count: that they are gone does not unmake them.
totals as (

    select
        environment_slug,
        dag_id,
        count(*) as run_count,
        max(started_at) as last_run_started_at,
        max(case when state = 'success' then ended_at end) as last_success_at
    from dag_runs
    group by environment_slug, dag_id

),

ranked as (

    select
        environment_slug,
        dag_id,
        state,
        row_number() over (
            partition by environment_slug, dag_id
            order by started_at desc, dag_run_id desc
        ) as age_rank
    from dag_runs
    where started_at is not null

),

summarised as (

    select
        totals.environment_slug,
        totals.dag_id,
        totals.run_count,
        totals.last_run_started_at,
        ranked.state as last_run_state,
        totals.last_success_at
    from totals
    left join ranked
        on
            totals.environment_slug = ranked.environment_slug
            and totals.dag_id = ranked.dag_id
            and ranked.age_rank = 1

)

select * from summarised
