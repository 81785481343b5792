"""Every try in the metadata database, as tests ask for them."""

# A task instance that was cleared and then not run keeps the number of its last try.
_IS_A_TRY = """
    start_date is not null and try_number > 0
    and state not in ('scheduled', 'queued', 'upstream_failed', 'skipped', 'removed')
"""
# The earlier ones, and the latest.
TRIES = f"""
    (
        select dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date,
            queued_dttm, duration, pool, pool_slots
        from task_instance where {_IS_A_TRY}
        union all
        select dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date,
            queued_dttm, duration, pool, pool_slots
        from task_instance_history where {_IS_A_TRY}
            and (dag_id, run_id, task_id, map_index, try_number) not in (
                select dag_id, run_id, task_id, map_index, try_number
                from task_instance where {_IS_A_TRY}
            )
    ) as tries
"""
