"""Every try in the metadata database, as tests ask for them."""

# A task instance that was cleared and then not run keeps the number of its last try.
_IS_A_TRY = """
    start_date is not null and try_number > 0
    and state not in ('scheduled', 'queued', 'upstream_failed', 'skipped', 'removed')
"""
# The earlier ones, and the latest.
_ALL = f"""
    select dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date,
        queued_dttm, duration, pool, pool_slots, max_tries
    from task_instance where {_IS_A_TRY}
    union all
    select dag_id, run_id, task_id, map_index, try_number, state, start_date, end_date,
        queued_dttm, duration, pool, pool_slots, max_tries
    from task_instance_history where {_IS_A_TRY}
        and (dag_id, run_id, task_id, map_index, try_number) not in (
            select dag_id, run_id, task_id, map_index, try_number
            from task_instance where {_IS_A_TRY}
        )
"""
# Airflow 3 has no ids of the try here, nor the start of the poke.
_POKES = """
    select poke ->> 'dag_id' as dag_id, poke ->> 'run_id' as run_id,
        poke ->> 'task_id' as task_id, (poke ->> 'map_index')::int as map_index,
        (poke ->> 'try_number')::int as try_number, sum(seconds) as poked
    from (
        select to_jsonb(task_reschedule) as poke,
            extract(epoch from end_date - start_date) as seconds from task_reschedule
    ) as pokes
    group by 1, 2, 3, 4, 5
"""
# What was deferred keeps its first start; `held_since` is when it was queued to go on. After a
# success, or a failure with no retry left, somebody had the task run again.
TRIES = f"""
    (
        select *, (extract(epoch from end_date - held_since) + coalesce(poked, 0))::float as held
        from (
            select *, case when queued_dttm > start_date then queued_dttm else start_date end
                as held_since,
                coalesce(
                    lag(state) over earlier = 'success' or lag(state) over earlier = 'failed'
                        and lag(try_number) over earlier > lag(max_tries) over earlier,
                    false
                ) as is_rerun
            from ({_ALL}) as plain window earlier as (
                partition by dag_id, run_id, task_id, map_index order by try_number
            )
        ) as attempts
        left join ({_POKES}) as pokes using (dag_id, run_id, task_id, map_index, try_number)
    ) as tries
"""
