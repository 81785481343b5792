"""Every try in the metadata database, as tests ask for them."""

# A task instance that was cleared and then not run keeps the number of its last try.
_IS_A_TRY = """
    start_date is not null and try_number > 0
    and state not in ('scheduled', 'queued', 'upstream_failed', 'skipped', 'removed')
"""
_IDS = "dag_id, run_id, task_id, map_index, try_number"
# Airflow 3 names the task instance by its id, and does not tell when a poke began.
_POKES = """
    (
        select coalesce(reschedule ->> 'dag_id', of_task.dag_id) as dag_id,
            coalesce(reschedule ->> 'run_id', of_task.run_id) as run_id,
            coalesce(reschedule ->> 'task_id', of_task.task_id) as task_id,
            coalesce((reschedule ->> 'map_index')::int, of_task.map_index) as map_index,
            coalesce((reschedule ->> 'try_number')::int, of_task.try_number) as try_number,
            case when reschedule ->> 'ti_id' is null then sum(seconds) end as poked
        from (
            select to_jsonb(task_reschedule) as reschedule,
                extract(epoch from end_date - start_date)::float as seconds
            from task_reschedule
        ) as reschedules
        left join (
            select to_jsonb(task_instance) ->> 'id' as of_id, dag_id, run_id, task_id, map_index,
                try_number
            from task_instance
        ) as of_task on of_id = reschedule ->> 'ti_id'
        group by 1, 2, 3, 4, 5, reschedule ->> 'ti_id'
    ) as pokes
"""
# The earlier ones, and the latest. One that is queued after its start was deferred.
TRIES = f"""
    (
        select tries.*, poked, pokes.dag_id is not null as was_rescheduled,
            greatest(start_date, queued_dttm) as worked_from,
            case when pokes.dag_id is not null then poked + duration
                when queued_dttm > start_date
                    then extract(epoch from end_date - queued_dttm)::float
                else duration end as held
        from (
            select {_IDS}, state, start_date, end_date, queued_dttm, duration, pool, pool_slots
            from task_instance where {_IS_A_TRY}
            union all
            select {_IDS}, state, start_date, end_date, queued_dttm, duration, pool, pool_slots
            from task_instance_history where {_IS_A_TRY} and ({_IDS}) not in (
                select {_IDS} from task_instance where {_IS_A_TRY}
            )
        ) as tries left join {_POKES} using ({_IDS})
    ) as tries
"""
