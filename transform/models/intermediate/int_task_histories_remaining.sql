with histories as (

    select
        *,
        {{ as_text("map_index") }} as instance_index
    from {{ ref("stg_airflow__task_instance_histories") }}

),

tries as (

    select * from {{ ref("int_task_instances_resolved") }}
    where has_row_per_try

),

moved_ids as (

    select
        environment_slug,
        task_instance_id
    from tries

),

-- Airflow 2 had no ids that the upgrade kept.
moved_places as (

    select distinct
        environment_slug,
        dag_id,
        run_id,
        task_id,
        instance_index,
        try_number
    from tries
    where archived_reason = 'legacy'

),

continued as (

    select distinct
        environment_slug,
        dag_id,
        run_id,
        task_id,
        instance_index
    from tries

),

frozen_tables as (

    select * from {{ ref("int_frozen_tables_dated") }}
    where table_name = 'task_instance_history'

),

remaining as (

    select
        histories.environment_slug,
        histories.dag_id,
        histories.run_id,
        histories.task_id,
        histories.map_index,
        histories.instance_index,
        histories.task_instance_id,
        histories.try_number,
        histories.retry_limit,
        histories.state,
        histories.next_method,
        histories.operator_name,
        histories.pool_name,
        histories.pool_slots,
        histories.queue_name,
        histories.executor_name,
        nullif(histories.hostname, '') as hostname,
        histories.priority_weight,
        histories.scheduled_at,
        histories.queued_at,
        histories.started_at,
        histories.ended_at,
        histories.duration_seconds,
        histories.dag_version_id,
        histories.extracted_at,
        continued.task_id is not null as has_row_per_try,
        {{ gone_or_frozen("histories") }}
    from histories
    left join moved_ids
        on
            histories.environment_slug = moved_ids.environment_slug
            and histories.task_instance_id = moved_ids.task_instance_id
    left join moved_places
        on
            histories.environment_slug = moved_places.environment_slug
            and histories.dag_id = moved_places.dag_id
            and histories.run_id = moved_places.run_id
            and histories.task_id = moved_places.task_id
            and histories.instance_index = moved_places.instance_index
            and histories.try_number = moved_places.try_number
            and histories.task_instance_id is null
    left join continued
        on
            histories.environment_slug = continued.environment_slug
            and histories.dag_id = continued.dag_id
            and histories.run_id = continued.run_id
            and histories.task_id = continued.task_id
            and histories.instance_index = continued.instance_index
    left join frozen_tables
        on histories.environment_slug = frozen_tables.environment_slug
    where moved_ids.task_instance_id is null and moved_places.task_id is null

)

select * from remaining
