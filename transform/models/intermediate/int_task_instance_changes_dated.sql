with task_instances as (

    select * from {{ ref("int_task_instances_unified") }}

),

task_instance_histories as (

    select * from {{ ref("stg_airflow__task_instance_histories") }}

),

task_fails as (

    select * from {{ ref("stg_airflow__task_fails") }}

),

run_ids as (

    select * from {{ ref("int_run_ids_resolved") }}

),

earlier_tries as (

    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        map_index,
        extracted_at,
        deleted_at_source_at
    from task_instance_histories
    union all
    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        map_index,
        extracted_at,
        deleted_at_source_at
    from task_fails

),

earlier_changes as (

    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        map_index,
        max({{ latest_of("extracted_at", ["deleted_at_source_at"]) }}) as changed_at
    from earlier_tries
    group by environment_slug, dag_id, run_id, task_id, map_index

),

-- Should a try's task instance never have been read, the try counts nevertheless.
joined as (

    select
        coalesce(
            task_instances.environment_slug, earlier_changes.environment_slug
        ) as environment_slug,
        coalesce(task_instances.dag_id, earlier_changes.dag_id) as dag_id,
        coalesce(task_instances.run_id, earlier_changes.run_id) as run_id,
        coalesce(task_instances.task_id, earlier_changes.task_id) as task_id,
        coalesce(
            task_instances.map_index, earlier_changes.map_index
        ) as map_index,
        coalesce(task_instances.changed_at, earlier_changes.changed_at)
            as instance_changed_at,
        earlier_changes.changed_at as earlier_changed_at
    from task_instances
    full join earlier_changes
        on
            task_instances.environment_slug = earlier_changes.environment_slug
            and task_instances.dag_id = earlier_changes.dag_id
            and task_instances.run_id = earlier_changes.run_id
            and task_instances.task_id = earlier_changes.task_id
            and task_instances.map_index = earlier_changes.map_index

),

dated as (

    select
        joined.environment_slug,
        joined.dag_id,
        joined.run_id,
        joined.task_id,
        joined.map_index,
        {{ latest_of(
            "joined.instance_changed_at",
            ["joined.earlier_changed_at", "run_ids.extracted_at"],
        ) }} as changed_at
    from joined
    left join run_ids
        on
            joined.environment_slug = run_ids.environment_slug
            and joined.dag_id = run_ids.dag_id
            and joined.run_id = run_ids.run_id

)

select * from dated
