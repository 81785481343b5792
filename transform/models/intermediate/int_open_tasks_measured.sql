{%- set begun = "('running', 'deferred', 'restarting', 'shutdown')" %}
{%- set since_when = {
    "queued": "task_instances.queued_at",
    "scheduled": "task_instances.scheduled_at",
    "up_for_retry": "task_instances.ended_at",
    "up_for_reschedule": "sensor_waits.next_poke_at",
} %}
with task_instances as (

    select * from {{ ref("fct_task_instances") }}
    -- One without a state is not scheduled yet.
    where
        not is_deleted_at_source
        and not is_superseded
        and state not in {{ final_states() }}

),

ended_runs as (

    select * from {{ ref("fct_dag_runs") }}
    where state in {{ final_states() }}

),

heartbeats as (

    select * from {{ ref("int_task_heartbeats_unified") }}

),

percentiles as (

    select
        *,
        p99_seconds * {{ var("stuck_after_p99_times") }} as longest_seconds
    from {{ ref("int_task_durations_percentiles") }}
    where timed_attempt_count >= 5

),

pools as (

    select * from {{ ref("int_pools_deduplicated") }}
    where not is_deleted_at_source

),

sensor_waits as (

    select * from {{ ref("fct_sensor_waits") }}
    where is_waiting

)

select
    task_instances.task_instance_key,
    task_instances.dag_run_key,
    task_instances.dag_key,
    task_instances.environment_slug,
    task_instances.dag_id,
    task_instances.run_id,
    task_instances.task_id,
    task_instances.map_index,
    task_instances.instance_index,
    task_instances.state,
    task_instances.pool_name,
    heartbeats.last_heartbeat_at,
    case
        when task_instances.state in {{ begun }} then task_instances.started_at
        {%- for state, since in since_when.items() %}
            when task_instances.state = '{{ state }}' then {{ since }}
        {%- endfor %}
    end as since_at,
    case
        when task_instances.state in {{ begun }}
            then coalesce(
                percentiles.longest_seconds, {{ var("stuck_running_after_seconds") }}
            )
        {%- for state in since_when %}
            when task_instances.state = '{{ state }}'
                then {{ var("stuck_" ~ state ~ "_after_seconds") }}
        {%- endfor %}
    end as threshold_seconds,
    task_instances.state in {{ begun }} as has_begun,
    case
        when ended_runs.dag_run_key is not null then 'run_ended'
        when task_instances.pool_name is not null and pools.pool_name is null
            then 'pool_missing'
    end as known_reason
from task_instances
left join ended_runs on task_instances.dag_run_key = ended_runs.dag_run_key
left join heartbeats
    on
        task_instances.environment_slug = heartbeats.environment_slug
        and task_instances.dag_id = heartbeats.dag_id
        and task_instances.run_id = heartbeats.run_id
        and task_instances.task_id = heartbeats.task_id
        and task_instances.instance_index = heartbeats.instance_index
left join percentiles
    on
        task_instances.environment_slug = percentiles.environment_slug
        and task_instances.dag_id = percentiles.dag_id
        and task_instances.task_id = percentiles.task_id
left join sensor_waits
    on task_instances.task_instance_key = sensor_waits.task_instance_key
left join pools
    on
        task_instances.environment_slug = pools.environment_slug
        and task_instances.pool_name = pools.pool_name
