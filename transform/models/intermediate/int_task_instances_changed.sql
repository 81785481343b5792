{%- set read_at -%}
    {{ latest_of("changes.extracted_at", ["changes.deleted_at_source_at"]) }}
{%- endset -%}
-- Itself, a try of it that Airflow keeps elsewhere, or which run its run_id means.
select
    environment_slug,
    dag_id,
    run_id,
    task_id,
    instance_index,
    changed_at
from {{ ref("int_task_instances_unified") }}
union distinct
select
    changes.environment_slug,
    changes.dag_id,
    changes.run_id,
    changes.task_id,
    changes.instance_index,
    {{ read_at }} as changed_at
from {{ ref("int_task_histories_remaining") }} as changes
union distinct
select
    changes.environment_slug,
    changes.dag_id,
    changes.run_id,
    changes.task_id,
    {{ as_text("changes.map_index") }} as instance_index,
    {{ read_at }} as changed_at
from {{ ref("stg_airflow__task_fails") }} as changes
union distinct
select
    run_ids.environment_slug,
    task_instances.dag_id,
    task_instances.run_id,
    task_instances.task_id,
    task_instances.instance_index,
    run_ids.extracted_at as changed_at
from {{ ref("int_run_ids_resolved") }} as run_ids
inner join {{ ref("int_task_instances_unified") }} as task_instances
    on
        run_ids.environment_slug = task_instances.environment_slug
        and run_ids.dag_id = task_instances.dag_id
        and run_ids.run_id = task_instances.run_id
