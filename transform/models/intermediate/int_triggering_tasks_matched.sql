-- A table, since several models read it, and it is small.
{{ config(materialized="table") }}

with made as (

    select * from {{ ref("int_manual_runs_made") }}

),

triggers as (

    select * from {{ ref("int_dag_run_triggers_matched") }}

),

triggering_attempts as (

    select * from {{ ref("fct_task_attempts") }}
    where operator_name = 'TriggerDagRunOperator'

),

-- The operator makes its run as it starts, and no event tells of it.
pairs as (

    select
        made.environment_slug,
        made.dag_run_id,
        triggering_attempts.dag_run_key,
        count(*) over (
            partition by made.environment_slug, made.dag_run_id
        ) as attempt_count,
        row_number() over (
            partition by made.environment_slug, made.dag_run_id
            order by
                triggering_attempts.started_at desc,
                triggering_attempts.task_attempt_key asc
        ) as attempt_rank
    from made
    inner join triggering_attempts
        on
            made.environment_slug = triggering_attempts.environment_slug
            and made.made_at >= triggering_attempts.started_at
            and made.made_at
            <= coalesce(triggering_attempts.ended_at, made.made_at)
            and {{ seconds_between(
                "triggering_attempts.started_at", "made.made_at"
            ) }} <= 60
    left join triggers
        on
            made.environment_slug = triggers.environment_slug
            and made.dag_run_id = triggers.dag_run_id
    where triggers.dag_run_id is null

),

matched as (

    select
        environment_slug,
        dag_run_id,
        case when attempt_count = 1 then dag_run_key end as triggering_dag_run_key
    from pairs
    where attempt_rank = 1

)

select * from matched
