with interventions as (

    select * from {{ ref("int_interventions_parsed") }}

),

audit_events as (

    select * from {{ ref("fct_audit_events") }}

),

matched_runs as (

    select * from {{ ref("int_intervention_runs_matched") }}

),

counted_tasks as (

    select * from {{ ref("int_intervened_tasks_counted") }}

),

dag_runs as (

    select * from {{ ref("fct_dag_runs") }}

),

-- Which run it was can only be said of one.
touched_runs as (

    select
        matched_runs.environment_slug,
        matched_runs.log_id,
        count(*) as run_count,
        case when count(*) = 1 then min(dag_runs.dag_run_key) end as dag_run_key,
        case when count(*) = 1 then min(dag_runs.run_id) end as run_id,
        max(dag_runs.clear_count) as clear_count
    from matched_runs
    inner join dag_runs
        on
            matched_runs.environment_slug = dag_runs.environment_slug
            and matched_runs.dag_run_id = dag_runs.dag_run_id
    group by matched_runs.environment_slug, matched_runs.log_id

),

joined as (

    select
        {{ surrogate_key(
            ["interventions.environment_slug", "interventions.log_id"]
        ) }} as manual_intervention_key,
        audit_events.user_key,
        audit_events.dag_key,
        touched_runs.dag_run_key,
        interventions.environment_slug,
        interventions.log_id,
        interventions.logged_at,
        interventions.event_name,
        audit_events.category,
        interventions.action,
        interventions.object_type,
        audit_events.new_state,
        audit_events.new_value,
        audit_events.channel,
        audit_events.has_conf,
        audit_events.actor_kind,
        audit_events.actor_name,
        audit_events.is_destructive,
        interventions.dag_id,
        coalesce(interventions.run_id, touched_runs.run_id) as run_id,
        interventions.task_id,
        interventions.is_across_runs,
        interventions.is_across_tasks,
        case
            when touched_runs.run_count is not null then touched_runs.run_count
            -- The run is gone since, and was before the first sync.
            when interventions.run_id is not null and not interventions.is_across_runs
                then 1
        end as run_count,
        counted_tasks.task_instance_count,
        touched_runs.clear_count,
        audit_events.extracted_at,
        audit_events.is_deleted_at_source,
        audit_events.deleted_at_source_at
    from interventions
    inner join audit_events
        on
            interventions.environment_slug = audit_events.environment_slug
            and interventions.log_id = audit_events.log_id
    left join touched_runs
        on
            interventions.environment_slug = touched_runs.environment_slug
            and interventions.log_id = touched_runs.log_id
    left join counted_tasks
        on
            interventions.environment_slug = counted_tasks.environment_slug
            and interventions.log_id = counted_tasks.log_id

)

select * from joined
