-- A table: tries, their waits and the slots they held read it, and it is small.
{{ config(materialized="table") }}

with task_reschedules as (

    select * from {{ ref("int_task_reschedules_resolved") }}

),

-- A run that was deleted and made again counts its tries from 1 anew.
ranked as (

    select
        *,
        rank() over (
            partition by
                environment_slug, dag_id, run_id, task_id, instance_index, try_number
            order by case when is_deleted_at_source then 1 else 0 end asc
        ) as presence_rank
    from task_reschedules

),

summarised as (

    select
        environment_slug,
        dag_id,
        run_id,
        task_id,
        min(map_index) as map_index,
        instance_index,
        try_number,
        count(*) as reschedule_count,
        min(coalesce(started_at, ended_at)) as first_poked_at,
        max(coalesce(started_at, ended_at)) as last_poked_at,
        max(ended_at) as last_poke_ended_at,
        max(reschedule_at) as next_poke_at,
        case
            when count(started_at) = count(*)
                then sum({{ seconds_between("started_at", "ended_at") }})
        end as poking_seconds,
        max(extracted_at) as extracted_at,
        min(case when is_deleted_at_source then 1 else 0 end) = 1
            as is_deleted_at_source,
        max(deleted_at_source_at) as deleted_at_source_at
    from ranked
    where presence_rank = 1
    group by environment_slug, dag_id, run_id, task_id, instance_index, try_number

)

select
    *,
    {{ surrogate_key([
        "environment_slug", "dag_id", "run_id", "task_id", "instance_index", "try_number"
    ]) }} as task_attempt_key,
    {{ surrogate_key([
        "environment_slug", "dag_id", "run_id", "task_id", "instance_index"
    ]) }} as task_instance_key,
    try_number = max(try_number) over (
        partition by environment_slug, dag_id, run_id, task_id, instance_index
    ) as is_latest_try
from summarised
