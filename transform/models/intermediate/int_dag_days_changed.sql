-- The histories do not count: they are read whole every time, and a row is new only
-- with a change of its task instance, or where there was none. Slug and moment are of
-- one table, so that it is read only where both are asked for.
select
    dag_key,
    environment_slug,
    {{ day_of("first_started_at") }} as started_on,
    extracted_at as changed_at
from {{ ref("fct_dag_runs") }}
where first_started_at is not null
union distinct
select
    task_attempts.dag_key,
    task_instances.environment_slug,
    {{ day_of("task_attempts.started_at") }} as started_on,
    task_instances.extracted_at as changed_at
from {{ ref("fct_task_instances") }} as task_instances
inner join {{ ref("fct_task_attempts") }} as task_attempts
    on task_instances.task_instance_key = task_attempts.task_instance_key
where task_attempts.started_at is not null
union distinct
select
    task_attempts.dag_key,
    task_fails.environment_slug,
    {{ day_of("task_attempts.started_at") }} as started_on,
    task_fails.extracted_at as changed_at
from {{ ref("int_task_fails_numbered") }} as task_fails
inner join {{ ref("fct_task_attempts") }} as task_attempts
    on
        task_fails.environment_slug = task_attempts.environment_slug
        and task_fails.dag_id = task_attempts.dag_id
        and task_fails.run_id = task_attempts.run_id
        and task_fails.task_id = task_attempts.task_id
        and task_fails.instance_index = task_attempts.instance_index
where task_attempts.started_at is not null
