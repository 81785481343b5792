-- The histories do not count: they are read whole every time, and a row is new only
-- with a change of its task instance, or where there was none.
with task_instances as (

    select
        task_instance_key,
        environment_slug,
        extracted_at
    from {{ ref("fct_task_instances") }}
    union distinct
    select
        {{ surrogate_key(task_instance_ids()) }} as task_instance_key,
        environment_slug,
        extracted_at
    from {{ ref("int_task_fails_numbered") }}

)

select
    dag_key,
    environment_slug,
    {{ day_of("first_started_at") }} as started_on,
    extracted_at as changed_at
from {{ ref("fct_dag_runs") }}
where first_started_at is not null
union distinct
-- Slug and moment are of one table, so that it is read only where both are asked for.
select
    task_attempts.dag_key,
    task_instances.environment_slug,
    {{ day_of("task_attempts.started_at") }} as started_on,
    task_instances.extracted_at as changed_at
from task_instances
inner join {{ ref("fct_task_attempts") }} as task_attempts
    on task_instances.task_instance_key = task_attempts.task_instance_key
where task_attempts.started_at is not null
