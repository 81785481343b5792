with interventions as (

    select * from {{ ref("int_interventions_parsed") }}

),

matched_runs as (

    select * from {{ ref("int_intervention_runs_matched") }}

),

run_ids as (

    select * from {{ ref("int_run_ids_resolved") }}

),

matched as (

    select
        interventions.environment_slug,
        interventions.log_id,
        run_ids.dag_run_id,
        run_ids.dag_id,
        run_ids.run_id,
        interventions.task_id,
        interventions.asked_map_index,
        interventions.new_state,
        interventions.logged_at as marked_at
    from interventions
    inner join matched_runs
        on
            interventions.environment_slug = matched_runs.environment_slug
            and interventions.log_id = matched_runs.log_id
    inner join run_ids
        on
            matched_runs.environment_slug = run_ids.environment_slug
            and matched_runs.dag_run_id = run_ids.dag_run_id
    where interventions.action = 'mark' and interventions.new_state is not null

)

select * from matched
