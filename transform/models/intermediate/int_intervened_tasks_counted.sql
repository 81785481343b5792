with interventions as (

    select * from {{ ref("int_interventions_parsed") }}

),

run_ids as (

    select * from {{ ref("int_run_ids_resolved") }}

),

matched_runs as (

    select * from {{ ref("int_intervention_runs_matched") }}

),

task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

asked as (

    select
        interventions.environment_slug,
        interventions.log_id,
        interventions.logged_at,
        interventions.action,
        interventions.task_id,
        interventions.asked_map_index,
        interventions.is_across_tasks,
        run_ids.dag_id,
        run_ids.run_id
    from interventions
    inner join matched_runs
        on
            interventions.environment_slug = matched_runs.environment_slug
            and interventions.log_id = matched_runs.log_id
    inner join run_ids
        on
            matched_runs.environment_slug = run_ids.environment_slug
            and matched_runs.dag_run_id = run_ids.dag_run_id

),

asked_runs as (

    select distinct
        environment_slug,
        dag_id,
        run_id
    from asked

),

tries as (

    select
        task_attempts.*,
        lag(task_attempts.ended_at) over (
            partition by task_attempts.task_instance_key
            order by task_attempts.try_number
        ) as previous_ended_at
    from task_attempts
    inner join asked_runs
        on
            task_attempts.environment_slug = asked_runs.environment_slug
            and task_attempts.dag_id = asked_runs.dag_id
            and task_attempts.run_id = asked_runs.run_id

),

-- What was cleared had ended before, and is tried once more after it. Marking writes no
-- new try; without a map index a mapped task is marked as a whole.
touched as (

    select distinct
        asked.environment_slug,
        asked.log_id,
        tries.run_id,
        tries.task_id,
        tries.instance_index
    from asked
    inner join tries
        on
            asked.environment_slug = tries.environment_slug
            and asked.dag_id = tries.dag_id
            and asked.run_id = tries.run_id
    where
        (
            asked.action = 'clear'
            and asked.logged_at >= tries.previous_ended_at
            and asked.logged_at < tries.started_at
        )
        or (
            asked.action = 'mark'
            and asked.task_id = tries.task_id
            and coalesce(asked.asked_map_index, tries.map_index) = tries.map_index
            and not asked.is_across_tasks
        )

),

counted as (

    select
        environment_slug,
        log_id,
        count(*) as task_instance_count
    from touched
    group by environment_slug, log_id

)

select * from counted
