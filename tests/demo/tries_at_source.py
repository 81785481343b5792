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
# How each task instance ended before anybody had it run again. What somebody marked as success had
# failed before if the log still tells so, or the earlier sync had seen it.
FIRST_OUTCOMES = f"""
    (
        select dag_id, run_id, task_id, map_index, start_date,
            has_failed and state = 'success' and marked_at is null as is_flaky,
            case
                when has_been_seen_failed or was_logged then 'failed'
                when marked_at is null then state
                else 'unknown'
            end as state
        from (
            select tried.*, now.state as state_now,
                sum(is_rerun::int) over (instance order by tried.try_number) = 0 as is_first,
                lead(is_rerun) over (instance order by tried.try_number) as is_last,
                bool_or(tried.state in ('failed', 'up_for_retry'))
                    over (instance order by tried.try_number rows between unbounded preceding
                    and 1 preceding) as has_failed,
                marks.dttm as marked_at,
                exists (
                    select 1 from earlier.task_instance as seen where seen.state = 'failed'
                        and seen.dag_id = tried.dag_id and seen.run_id = tried.run_id
                        and seen.task_id = tried.task_id and seen.map_index = tried.map_index
                        and seen.try_number = tried.try_number
                ) as has_been_seen_failed,
                exists (
                    select 1 from log where event = 'failed' and log.map_index = tried.map_index
                        and log.dag_id = tried.dag_id and log.run_id = tried.run_id
                        and log.task_id = tried.task_id and log.dttm < marks.dttm
                        and log.dttm >= tried.start_date
                ) as was_logged
            from {TRIES.replace(" as tries", " as tried")}
            join task_instance as now using (dag_id, run_id, task_id, map_index)
            left join log as marks on marks.event = 'success' and marks.map_index is null
                and marks.dag_id = tried.dag_id and marks.run_id = tried.run_id
                and marks.task_id = tried.task_id and marks.dttm > tried.end_date
                and tried.state = 'success'
            window instance as (
                partition by tried.dag_id, tried.run_id, tried.task_id, tried.map_index
            )
        ) as judged
        where is_first and coalesce(is_last, state_now in ('success', 'failed', 'upstream_failed'))
    ) as outcomes
"""
