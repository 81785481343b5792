"""Every Airflow comes to rest: nothing is left that its own queries would pick up."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.real_airflow import captured
from tests.real_airflow.postgres import ThrowawayPostgres, execute
from tests.snapshot.airflow_copies import (
    FINISHED,
    STARTED_AT,
    TAKEN_AT,
    UNFINISHED,
    busy,
    connected,
    content,
    make_copy,
    neutralised,
    rows,
)

VERSIONS = captured.versions()
OLDEST, NEWEST = "2.4", "9"

_RUN = (
    "join dag_run on dag_run.dag_id = task_instance.dag_id and dag_run.run_id ="
    " task_instance.run_id"
)
_ALWAYS = f"select from task_instance {_RUN} where"
# What schedulers, triggerers, DAG processors and workers select, with the versions they do it in.
PICKED_UP = {
    "dags needing dagruns": (OLDEST, NEWEST, "select from dag where not is_paused"),
    "queued and running runs": (
        *(OLDEST, NEWEST),
        (
            "select from dag_run join dag using (dag_id) where not is_paused"
            " and state in ('queued', 'running')"
        ),
    ),
    "running runs of paused dags": (
        *(OLDEST, NEWEST),
        "select from dag_run join dag using (dag_id) where is_paused and state = 'running'",
    ),
    "executable task instances": (
        *(OLDEST, NEWEST),
        f"{_ALWAYS} dag_run.state = 'running' and task_instance.state = 'scheduled'",
    ),
    "orphaned task instances": (
        *(OLDEST, NEWEST),
        f"{_ALWAYS} task_instance.state in ('scheduled', 'queued', 'running', 'restarting')",
    ),
    "zombies": (
        *(OLDEST, NEWEST),
        "select from task_instance where state in ('running', 'restarting', 'shutdown')",
    ),
    "trigger timeouts": (
        *(OLDEST, NEWEST),
        (
            "select from task_instance where state in ('deferred', 'awaiting_input')"
            " and trigger_timeout < now()"
        ),
    ),
    "retries": (
        *(OLDEST, NEWEST),
        "select from task_instance where state in ('up_for_retry', 'up_for_reschedule')",
    ),
    "states to come": (
        *(OLDEST, NEWEST),
        "select from task_instance where state = 'not_invented_yet'",
    ),
    "methods to go on with": (
        *(OLDEST, NEWEST),
        (
            f"{_ALWAYS} task_instance.state is null and dag_run.state = 'running'"
            " and next_method is not null"
        ),
    ),
    "celery tasks to adopt": (
        *(OLDEST, NEWEST),
        (
            "select from task_instance where external_executor_id is not null"
            f" and (queued_by_job_id is not null) and state not in {FINISHED}"
        ),
    ),
    "triggers": (OLDEST, NEWEST, "select from trigger"),
    "what a trigger's deletion deletes": (
        *(OLDEST, NEWEST),
        "select from task_instance where trigger_id is not null",
    ),
    "living components": (
        *(OLDEST, NEWEST),
        "select from job where end_date is null or state in ('running', 'restarting')",
    ),
    "users who are logged in": (OLDEST, NEWEST, "select from session"),
    "SLA mails": ("2.4", "2.11", "select from sla_miss where not notification_sent"),
    "callback requests": ("2.4", "3.1", "select from callback_request"),
    "dataset events": ("2.4", "2.11", "select from dataset_dag_run_queue"),
    "files to parse": ("2.10", NEWEST, "select from dag_priority_parsing_request"),
    "asset events": ("3.0", NEWEST, "select from asset_dag_run_queue"),
    "backfills": ("3.0", NEWEST, "select from backfill where completed_at is null"),
    "triggers of assets": ("3.0", "3.1", "select from asset_trigger"),
    "open spans": (
        *("3.0", "3.1"),
        (
            "select from dag_run join dag using (dag_id) where state in ('queued', 'running')"
            " and span_status = 'active' and scheduled_by_job_id is not null"
        ),
    ),
    "deadlines of 3.0": ("3.0", "3.0", "select from deadline"),
    "deadlines of 3.1": ("3.1", "3.1", "select from deadline where callback_state is null"),
    "triggers of deadlines": ("3.1", "3.1", "select from deadline where trigger_id is not null"),
    "deadlines": ("3.2", NEWEST, "select from deadline where not missed"),
    "triggers of watchers": ("3.2", NEWEST, "select from asset_watcher"),
    "callbacks for executors": ("3.2", NEWEST, "select from callback where state = 'pending'"),
    "callbacks for the DAG processor": (
        *("3.2", NEWEST),
        "select from callback where type = 'dag_processor'",
    ),
    "callbacks for triggerers": (
        *("3.2", NEWEST),
        "select from callback where trigger_id is not null or state in ('queued', 'running')",
    ),
    "partitions": (
        *("3.2", NEWEST),
        "select from asset_partition_dag_run where created_dag_run_id is null",
    ),
    "keys of partitions": (
        *("3.2", NEWEST),
        "select from partitioned_asset_key_log where asset_partition_dag_run_id = 1",
    ),
    "connection tests": ("3.3", NEWEST, "select from connection_test_request"),
    "jobs to take up again": ("3.3", NEWEST, "select from task_state_store"),
}


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


# Airflow 3.4 hides earlier tries from all of these.
_CURRENT_TRIES = "with task_instance as (select * from task_instance where working_set) "


def _queries(version: str) -> dict[str, str]:
    hiding = _CURRENT_TRIES if _has_earlier_tries(version) else ""
    return {
        name: hiding + query
        for name, (since, until, query) in PICKED_UP.items()
        if _number(since) <= _number(version) <= _number(until)
    }


def _has_earlier_tries(version: str) -> bool:
    return "working_set" in captured.load(version).tables["task_instance"].columns


@pytest.fixture(scope="module")
def quiesced(postgres: ThrowawayPostgres) -> Callable[..., str]:
    """The URL of a neutralised copy, to be read."""

    @functools.cache
    def make(version: str, unfinished: str) -> str:
        url = make_copy(postgres, version)
        neutralised(url, unfinished=unfinished)
        return url

    return make


def _found(url: str, version: str) -> list[str]:
    with connected(url) as connection:
        return [
            name
            for name, query in _queries(version).items()
            if connection.execute(query).fetchone() is not None
        ]


@pytest.mark.parametrize("unfinished", ["failed", "cleared"])
@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_picked_up(postgres, quiesced, version: str, unfinished: str) -> None:
    assert _found(busy(postgres, version), version) == list(_queries(version))
    assert _found(quiesced(version, unfinished), version) == []


@pytest.mark.parametrize("unfinished", ["failed", "cleared"])
@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_finished_stays(postgres, quiesced, version: str, unfinished: str) -> None:
    source, url = busy(postgres, version), quiesced(version, unfinished)
    finished_tasks = (
        "select to_jsonb(task_instance) - 'trigger_id' from task_instance"
        f" where task_id in {tuple(f'task_{state}' for state in FINISHED)} order by 1"
    )
    finished_runs = (
        "select to_jsonb(dag_run) from dag_run where run_id like '%\\_success'"
        " or run_id like '%\\_failed' order by 1"
    )
    touched = {
        *("airflow_snapshot_origin", "dag", "dag_run", "task_instance", "task_reschedule", "job"),
        *("trigger", "session", "sla_miss", "callback_request", "dag_priority_parsing_request"),
        *("dataset_dag_run_queue", "asset_dag_run_queue", "asset_trigger", "asset_watcher"),
        *("backfill", "deadline", "callback", "asset_partition_dag_run", "task_state_store"),
        *("partitioned_asset_key_log", "connection_test_request"),
    }
    before, after = content(source), content(url)
    assert rows(url, finished_tasks) == rows(source, finished_tasks) != []
    assert rows(url, finished_runs) == rows(source, finished_runs) != []
    assert {name for name in before if before[name] != after[name]} <= touched
    assert len(after["task_instance"]) == len(before["task_instance"])
    assert len(after["dag_run"]) == len(before["dag_run"])


@pytest.mark.parametrize("unfinished", ["failed", "cleared"])
@pytest.mark.parametrize("version", [v for v in VERSIONS if _has_earlier_tries(v)])
def test_earlier_tries_stay(postgres, quiesced, version: str, unfinished: str) -> None:
    source, url = busy(postgres, version), quiesced(version, unfinished)
    tries = "select to_jsonb(task_instance) from task_instance where working_set is null order by 1"
    assert rows(url, tries) == rows(source, tries)
    states = {row["state"] for (row,) in rows(url, tries)}
    assert states == {*FINISHED, *UNFINISHED, None}
    waits = (
        "select to_jsonb(task_reschedule) from task_reschedule"
        " where ti_id in (select id from task_instance where working_set is null) order by 1"
    )
    assert rows(url, waits) == rows(source, waits) != []


@pytest.mark.parametrize("unfinished", ["failed", "cleared"])
@pytest.mark.parametrize("version", [v for v in VERSIONS if _has_earlier_tries(v)])
def test_the_number_and_the_place_of_a_try_stay(postgres, quiesced, version, unfinished) -> None:
    place = (
        "select id, dag_id, run_id, task_id, region_id, region_index, try_number, working_set"
        " from task_instance order by 1"
    )
    assert rows(quiesced(version, unfinished), place) == rows(busy(postgres, version), place)


@pytest.mark.parametrize("version", [v for v in VERSIONS if _has_earlier_tries(v)])
def test_a_draining_dag_is_paused(postgres, quiesced, version: str) -> None:
    draining = "select is_paused, is_draining from dag where dag_id = 'draining'"
    assert rows(busy(postgres, version), draining) == [(False, True)]
    assert rows(quiesced(version, "failed"), draining) == [(True, False)]


@pytest.mark.parametrize("version", VERSIONS)
def test_unfinished_task_instances_fail_at_the_last_known_moment(quiesced, version: str) -> None:
    url = quiesced(version, "failed")
    ended = dict(
        rows(
            url,
            "select task_id, (state, start_date, end_date, round(duration)) from task_instance"
            " where dag_id = 'unpaused' and run_id = 'scheduled_running'",
        )
    )
    half_past = TAKEN_AT - timedelta(minutes=30)
    assert ended["task_running"] == ("failed", *_as_text(STARTED_AT, TAKEN_AT), "3600")
    assert ended["task_queued"] == ("failed", *_as_text(TAKEN_AT, TAKEN_AT), "0")
    # That try had failed by itself before.
    assert ended["task_up_for_retry"] == ("failed", *_as_text(STARTED_AT, half_past), "1800")
    assert ended["task_None"][0] == "skipped"
    unstarted = "select distinct state from task_instance where task_id = 'task_None' and run_id "
    assert rows(url, f"{unstarted} = 'scheduled_success'") == [(None,)]
    assert rows(
        url,
        "select distinct run_id, state, start_date, end_date from dag_run"
        " where run_id in ('scheduled_running', 'scheduled_queued') order by 1",
    ) == [
        ("scheduled_queued", "failed", None, TAKEN_AT),
        ("scheduled_running", "failed", STARTED_AT, TAKEN_AT),
    ]


_WERE_UNFINISHED = f"task_id in {tuple(f'task_{state}' for state in UNFINISHED)}"
_TIES = (
    *("trigger_id", "trigger_timeout", "next_method", "next_kwargs", "external_executor_id"),
    *("queued_by_job_id", "pid", "last_heartbeat_at"),
)


@pytest.mark.parametrize("unfinished", ["failed", "cleared"])
@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_ties_them_to_those_who_ran_them(quiesced, version: str, unfinished: str) -> None:
    url = quiesced(version, unfinished)
    columns = captured.load(version).tables["task_instance"].columns
    were_unfinished = f"{_WERE_UNFINISHED} or (task_id = 'task_None' and state = 'skipped')"
    for column in _TIES:
        if column in columns:
            tied = f"select from task_instance where {column} is not null and ({were_unfinished})"
            assert rows(url, tied) == [], column


@pytest.mark.parametrize("unfinished", ["failed", "cleared"])
@pytest.mark.parametrize("version", [v for v in VERSIONS if v != "2.4.3"])
def test_readers_of_what_changed_see_it(quiesced, version: str, unfinished: str) -> None:
    url = quiesced(version, unfinished)
    unseen = f"where updated_at = '{STARTED_AT}'"
    were_open = r"(run_id like '%\_running' or run_id like '%\_None' or run_id like '%\_queued')"
    assert rows(url, f"select from task_instance {unseen} and {_WERE_UNFINISHED}") == []
    assert (
        rows(
            url,
            f"select from task_instance {unseen} and state = 'skipped' and task_id = 'task_None'",
        )
        == []
    )
    assert rows(url, f"select from dag_run {unseen} and {were_open}") == []
    if version.startswith("3."):
        assert rows(url, f"select count(*) from backfill {unseen}") == [(1,)]


@pytest.mark.parametrize(
    "version", [v for v in VERSIONS if "span_status" in captured.load(v).tables["dag_run"].columns]
)
def test_spans_end_with_what_they_are_of(quiesced, version: str) -> None:
    spans = (
        r"select distinct 'run', run_type, span_status from dag_run where run_id like '%\_running'"
        " union select distinct 'task', left(run_id, 8), span_status from task_instance"
        rf" where run_id like '%\_running' and {_WERE_UNFINISHED} order by 1, 2, 3"
    )
    assert rows(quiesced(version, "failed"), spans) == [
        ("run", "backfill", "ended"),
        ("run", "scheduled", "ended"),
        ("task", "backfill", "ended"),
        ("task", "schedule", "ended"),
    ]
    assert rows(quiesced(version, "cleared"), spans) == [
        ("run", "backfill", "ended"),
        ("run", "scheduled", "not_started"),
        ("task", "backfill", "ended"),
        ("task", "schedule", "not_started"),
    ]


def _as_text(*moments: object) -> list[str]:
    return [f"{moment:%Y-%m-%d %H:%M:%S}+00" for moment in moments]


@pytest.mark.parametrize("version", VERSIONS)
def test_cleared_is_as_if_it_had_not_begun(quiesced, version: str) -> None:
    url = quiesced(version, "cleared")
    assert rows(
        url,
        "select distinct state, start_date, end_date, duration, queued_dttm, next_method, pid"
        " from task_instance where run_id in ('scheduled_running', 'scheduled_queued')"
        " and task_id in ('task_running', 'task_deferred', 'task_up_for_retry', 'task_queued')",
    ) == [(None,) * 7]
    assert rows(
        url,
        "select distinct state, start_date, end_date, last_scheduling_decision, queued_at"
        " from dag_run where run_id in ('scheduled_running', 'scheduled_queued', 'scheduled_None')"
        " order by queued_at",
    ) == [("queued", None, None, None, STARTED_AT), ("queued", None, None, None, TAKEN_AT)]


@pytest.mark.parametrize(
    ("version", "columns"),
    [
        ("3.0.6", ("scheduled_dttm",)),
        ("3.3.2", ("scheduled_dttm", "retry_delay_override", "retry_reason")),
        ("3.4.0b2", ("scheduled_dttm", "retry_delay_override", "retry_reason")),
    ],
)
def test_cleared_forgets_what_was_decided_for_the_try(quiesced, version, columns) -> None:
    url = quiesced(version, "cleared")
    for column in columns:
        kept = f"select from task_instance where {column} is not null and state is null"
        assert rows(url, f"{kept} and {_WERE_UNFINISHED}") == [], column
    runs = "select distinct scheduled_by_job_id from dag_run where run_id = 'scheduled_running'"
    assert rows(url, runs) == [(None,)]


@pytest.mark.parametrize("version", VERSIONS)
def test_runs_of_ended_backfills_fail_even_when_others_are_cleared(quiesced, version: str) -> None:
    url = quiesced(version, "cleared")
    of_backfills = "where run_id in ('backfill_running', 'backfill_queued', 'backfill_None')"
    assert rows(url, f"select distinct state from dag_run {of_backfills}") == [("failed",)]
    tasks = "select distinct state from task_instance"
    unfinished = "and task_id in ('task_running', 'task_deferred')"
    assert rows(url, f"{tasks} {of_backfills} {unfinished}") == [("failed",)]
    ends = "select distinct end_date from"
    assert rows(url, f"{ends} dag_run {of_backfills}") == [(TAKEN_AT,)]
    assert rows(url, f"{ends} task_instance {of_backfills} {unfinished}") == [(TAKEN_AT,)]
    assert rows(url, f"{tasks} {of_backfills} and task_id = 'task_None'") == [("skipped",)]


@pytest.mark.parametrize("version", VERSIONS)
def test_waits_of_finished_task_instances_stay(postgres, quiesced, version: str) -> None:
    source, url = busy(postgres, version), quiesced(version, "failed")
    # Those of earlier tries stay as well.
    hiding = "where not exists (select from task_instance where id = ti_id and working_set is null)"
    hiding = hiding if _has_earlier_tries(version) else ""
    count = f"select count(*) from task_reschedule {hiding}"
    ((before,),) = rows(source, count)
    ((after,),) = rows(url, count)
    current = "select count(distinct task_id) from task_instance where task_id like 'task%'"
    ((tasks,),) = rows(url, current)
    assert after * tasks == before * len(FINISHED)


@pytest.mark.parametrize("version", ["3.2.0", "3.3.2", "3.4.0b2"])
def test_missed_deadlines_stay_and_their_callbacks_are_given_up(quiesced, version: str) -> None:
    url = quiesced(version, "failed")
    assert rows(
        url,
        "select callback.state, count(*) from deadline join callback"
        " on callback.id = callback_id group by 1 order by 1",
    ) == [("failed", 4), ("success", 1)]
    assert rows(url, "select count(*) from callback") == [(5,)]


def test_missed_deadlines_of_3_1_keep_their_callbacks_themselves(quiesced) -> None:
    url = quiesced("3.1.5", "failed")
    assert rows(url, "select callback_state, count(*) from deadline group by 1 order by 1") == [
        ("failed", 4),
        ("success", 1),
    ]


@pytest.mark.parametrize("version", ["3.2.0", "3.3.2", "3.4.0b2"])
def test_partitions_that_had_their_run_stay(quiesced, version) -> None:
    url = quiesced(version, "failed")
    assert rows(url, "select id from asset_partition_dag_run") == [(2,)]
    assert rows(url, "select asset_partition_dag_run_id from partitioned_asset_key_log") == [(2,)]


@pytest.mark.parametrize("version", [v for v in VERSIONS if v.startswith("3.")])
def test_ended_backfills_stay(postgres, quiesced, version) -> None:
    ended = f"select to_jsonb(backfill) from backfill where completed_at = '{STARTED_AT}'"
    assert rows(quiesced(version, "failed"), ended) == rows(busy(postgres, version), ended) != []


def test_jobs_end_when_they_last_gave_a_sign_of_life(postgres: ThrowawayPostgres) -> None:
    url = make_copy(postgres, "2.11.0")
    execute(
        url,
        "update job set latest_heartbeat = '2025-01-01 00:00+00' where job_type = 'TriggererJob'"
        " and state = 'running'",
    )
    neutralised(url)
    jobs = "select job_type, state, end_date from job where"
    assert rows(url, f"{jobs} latest_heartbeat < '2025-06-01'") == [
        ("TriggererJob", "failed", STARTED_AT.replace(year=2025, month=1, day=1, hour=0))
    ]
    assert rows(url, f"{jobs} job_type = 'LocalTaskJob' and state = 'success'") == [
        ("LocalTaskJob", "success", TAKEN_AT)
    ]


def test_edge_workers_find_nothing_queued(postgres: ThrowawayPostgres) -> None:
    url = make_copy(postgres, "3.3.2")
    execute(url, "create table edge_job (dag_id text, state text)")
    execute(url, "insert into edge_job values ('a', 'queued'), ('b', 'running'), ('c', 'success')")
    neutralised(url)
    assert rows(url, "select dag_id from edge_job") == [("c",)]
