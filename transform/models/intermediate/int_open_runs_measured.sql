with dag_runs as (

    select * from {{ ref("fct_dag_runs") }}
    where not is_deleted_at_source and state not in {{ final_states() }}

),

task_instances as (

    select * from {{ ref("fct_task_instances") }}

),

-- One without a state is not scheduled yet.
task_totals as (

    select
        dag_runs.dag_run_key,
        count(
            case when task_instances.state not in {{ final_states() }} then 1 end
        ) as active_task_count,
        max(task_instances.ended_at) as last_task_ended_at
    from dag_runs
    inner join task_instances
        on dag_runs.dag_run_key = task_instances.dag_run_key
    where
        not task_instances.is_superseded
        and not task_instances.is_deleted_at_source
    group by dag_runs.dag_run_key

),

measured as (

    select
        dag_runs.dag_run_key,
        dag_runs.dag_key,
        dag_runs.environment_slug,
        dag_runs.dag_id,
        dag_runs.run_id,
        dag_runs.state,
        coalesce(task_totals.active_task_count, 0) as active_task_count,
        case
            when dag_runs.state = 'queued' then dag_runs.queued_at
            when
                dag_runs.state = 'running'
                and coalesce(task_totals.active_task_count, 0) = 0
                then {{ latest_of(
                    "dag_runs.started_at", ["task_totals.last_task_ended_at"]
                ) }}
        end as since_at,
        case
            when dag_runs.state = 'queued'
                then {{ var("stuck_run_queued_after_seconds") }}
            when dag_runs.state = 'running'
                then {{ var("stuck_run_idle_after_seconds") }}
        end as threshold_seconds
    from dag_runs
    left join task_totals on dag_runs.dag_run_key = task_totals.dag_run_key

)

select * from measured
