with task_instances as (

    select * from {{ ref("fct_task_instances") }}

),

-- Of one that never started, any of its instances tells what it is.
tasks as (

    select
        environment_slug,
        dag_id,
        task_id,
        min(dag_key) as dag_key,
        min(task_display_name) as any_display_name,
        min(operator_name) as any_operator_name,
        min(pool_name) as any_pool_name,
        min(queue_name) as any_queue_name,
        max(case when is_mapped then 1 else 0 end) = 1 as is_mapped,
        min(started_at) as first_started_at,
        max(started_at) as last_started_at,
        max(extracted_at) as extracted_at,
        min(case when is_deleted_at_source then 1 else 0 end) = 1
            as is_deleted_at_source
    from task_instances
    group by environment_slug, dag_id, task_id

),

ranked as (

    select
        task_instances.environment_slug,
        task_instances.dag_id,
        task_instances.task_id,
        task_instances.task_display_name,
        task_instances.operator_name,
        task_instances.pool_name,
        task_instances.queue_name,
        row_number() over (
            partition by
                task_instances.environment_slug,
                task_instances.dag_id,
                task_instances.task_id
            order by task_instances.task_instance_key
        ) as instance_rank
    from task_instances
    inner join tasks
        on
            task_instances.environment_slug = tasks.environment_slug
            and task_instances.dag_id = tasks.dag_id
            and task_instances.task_id = tasks.task_id
            and task_instances.started_at = tasks.last_started_at

)

select
    {{ surrogate_key(["tasks.environment_slug", "tasks.dag_id", "tasks.task_id"]) }}
        as task_key,
    tasks.dag_key,
    tasks.environment_slug,
    tasks.dag_id,
    tasks.task_id,
    coalesce(ranked.task_display_name, tasks.any_display_name) as task_display_name,
    coalesce(ranked.operator_name, tasks.any_operator_name) as operator_name,
    coalesce(ranked.pool_name, tasks.any_pool_name) as pool_name,
    coalesce(ranked.queue_name, tasks.any_queue_name) as queue_name,
    tasks.is_mapped,
    tasks.first_started_at,
    tasks.last_started_at,
    tasks.extracted_at,
    tasks.is_deleted_at_source
from tasks
left join ranked
    on
        tasks.environment_slug = ranked.environment_slug
        and tasks.dag_id = ranked.dag_id
        and tasks.task_id = ranked.task_id
        and ranked.instance_rank = 1
