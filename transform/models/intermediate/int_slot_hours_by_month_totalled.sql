-- A table: the mart and its tests read it, and it is small.
{{ config(materialized="table") }}

with task_attempts as (

    select * from {{ ref("fct_task_attempts") }}
    where started_at is not null

),

-- Of failed tries before Airflow 2.10 the slots are unknown, if the task instance is:
-- one is what a task takes unless it says otherwise.
totalled as (

    select
        environment_slug,
        dag_id,
        {{ month_of("started_at") }} as month_on,
        sum(coalesce(pool_slots, 1) * coalesce(held_seconds, 0)) / 3600
            as slot_hours,
        sum(coalesce(pool_slots, 1) * wasted_seconds) / 3600 as wasted_slot_hours
    from task_attempts
    group by environment_slug, dag_id, {{ month_of("started_at") }}

)

select * from totalled
