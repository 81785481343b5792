-- How many slot-hours did each owner take, and what did they cost?
with tries as (

    select
        dag_key,
        coalesce(pool_slots, 1) * coalesce(held_seconds, 0) as slot_seconds,
        coalesce(pool_slots, 1) * wasted_seconds as wasted_slot_seconds
    from {{ ref("fct_task_attempts") }}
    where
        {{ in_period("started_at") }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

{{ slot_hours_by(
    ref("bridge_dag_owners"), "owner_name", owner_or_none("named_dags.owner_name")
) }}
limit 201
