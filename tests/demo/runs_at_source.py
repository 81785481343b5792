"""Every DAG run in the metadata database as it ended at first, as tests ask for them."""

from tests.demo.tries_at_source import TRIES

# What ran before anybody had a part of the run repeated. Airflow gives a cleared run a new start.
_FIRST = f"""
    select tried.dag_id, tried.run_id, tried.task_id, tried.state, tried.start_date, tried.end_date,
        row_number() over (
            partition by tried.dag_id, tried.run_id, task_id, map_index order by try_number desc
        ) as newness
    from {TRIES.replace(" as tries", " as tried")}
    join dag_run using (dag_id, run_id)
    left join (
        select dag_id, run_id, min(start_date) as rerun_at from {TRIES} where is_rerun group by 1, 2
    ) as reruns using (dag_id, run_id)
    where clear_number > 0
        and tried.start_date < least(rerun_at, coalesce(dag_run.start_date, 'infinity'))
"""
# Whether somebody marked a task as success after the run had ended, and the log of its failure is
# gone already.
_MARKED = """
    select dag_id, run_id, not bool_or(exists (
        select 1 from log as failed
        where failed.event = 'failed' and failed.map_index is not null
            and failed.dag_id = log.dag_id and failed.run_id = log.run_id
            and failed.task_id = log.task_id and failed.dttm < log.dttm
    )) as is_unknown
    from log where event = 'success' and map_index is null group by 1, 2
"""
# How the earlier sync found what nobody had cleared or marked yet.
_SEEN = """
    select dag_id, run_id, state, start_date, end_date from earlier.dag_run as run
    where state in ('success', 'failed') and clear_number = 0 and not exists (
        select 1 from log where log.dag_id = run.dag_id and log.run_id = run.run_id
            and event in ('success', 'dagrun_success', 'dagrun_failed') and map_index is null
            and dttm < (select max(dttm) from earlier.log)
    )
"""
# With the state and times of the first outcome in place of the present ones.
RUNS = f"""
    (
        select first.* from dag_run
        left join (
            select dag_id, run_id, min(start_date) as start_date, max(end_date) as end_date,
                bool_or(state = 'failed' and newness = 1) as has_failed
            from ({_FIRST}) as tries group by 1, 2
        ) as outcomes using (dag_id, run_id)
        left join ({_MARKED}) as marked using (dag_id, run_id)
        left join ({_SEEN}) as seen using (dag_id, run_id),
        jsonb_populate_record(dag_run, jsonb_build_object(
            'state', case
                when seen.state is not null then seen.state
                when outcomes.has_failed then 'failed'
                when marked.run_id is not null
                    then case when is_unknown then 'unknown' else 'failed' end
                when outcomes.run_id is not null then 'success'
                else dag_run.state
            end,
            'start_date', coalesce(seen.start_date, outcomes.start_date, dag_run.start_date),
            'end_date', coalesce(seen.end_date, outcomes.end_date, dag_run.end_date)
        )) as first
    ) as dag_run
"""
