"""A standby is read as of the moment that it has replayed."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from tap_airflow_metadata.errors import SourceUnavailableError
from tap_airflow_metadata.read_transaction import ReadTransaction
from tests.extract.generated_rows import fill
from tests.extract.restored_snapshots import own_identity
from tests.extract.side_by_side import Gathering
from tests.extract.tap_runs import checked_settings, run_tap, sync_here
from tests.real_airflow import captured
from tests.real_airflow.postgres import execute, throwaway_postgres
from tests.real_airflow.standby import Standby, standby_of

RETRYABLE = 75
OLD = "timestamptz '2026-01-01 00:00+00'"
TABLES = ["dag", "task_instance"]


@pytest.fixture(scope="module")
def standby() -> Iterator[Standby]:
    with throwaway_postgres() as primary:
        # Whatever is open or replayed here is a test's own.
        execute(
            primary.url("postgres"),
            "alter system set autovacuum = off",
            "alter system set synchronous_commit = on",
            "select pg_reload_conf()",
        )
        schema = captured.load("3.3.2")
        url = primary.create_database("template")
        captured.recreate(schema, url)
        fill(schema, url, 20)
        execute(
            url,
            f"update task_instance set state = 'success', updated_at = {OLD}, start_date = {OLD},"
            f" end_date = {OLD}, queued_dttm = {OLD}, scheduled_dttm = {OLD},"
            " last_heartbeat_at = null",
        )
        with standby_of(primary) as following:
            yield following


@dataclass
class Pair:
    """A database and what a standby has of it."""

    standby: Standby
    primary_url: str
    standby_url: str

    def change(self, offset: int = 0) -> None:
        """Finish one task instance, another for each offset."""
        execute(self.primary_url, finish(offset))


def finish(offset: int) -> str:
    return (
        "update task_instance set end_date = clock_timestamp() where ctid ="
        f" (select ctid from task_instance order by dag_id, task_id limit 1 offset {offset})"
    )


_numbers = itertools.count(1)


@pytest.fixture
def pair(standby) -> Iterator[Pair]:
    name = f"airflow_{next(_numbers)}"
    primary_url = standby.primary.create_database(name, template="template")
    standby.catch_up()
    yield Pair(standby, primary_url, standby.server.url(name))
    standby.resume()
    standby.catch_up()


def sync(folder, url, state=None):
    return sync_here(folder, state, database_url=url, tables=TABLES)


def moment_of(run) -> dt.datetime:
    return dt.datetime.fromisoformat(run.state["bookmarks"]["dag"]["synced_until"])


def test_what_is_replayed_late_is_read_then(pair, tmp_path):
    first = sync(tmp_path, pair.standby_url)
    pair.standby.pause()
    pair.change()
    second = sync(tmp_path, pair.standby_url, first.state)
    assert second.manifest("task_instance")["source_rows"] == 20
    pair.change(1)
    pair.standby.resume()
    pair.standby.catch_up()
    third = sync(tmp_path, pair.standby_url, second.state)
    assert len(third.rows("task_instance")) == 2
    assert not third.manifest("task_instance")["is_full_read"]


def test_the_lag_is_told(pair, tmp_path):
    pair.standby.pause()
    pair.change()
    run = run_tap(tmp_path, database_url=pair.standby_url, tables=TABLES)
    assert "The server is a standby: the last transaction that it replayed" in run.log
    manifest = run.manifest("dag")
    assert manifest["replay_lag_seconds"] > 0
    assert manifest["transactions_seen"] == "writing"
    now = dt.datetime.now(dt.timezone.utc)
    assert moment_of(run) <= now - dt.timedelta(seconds=manifest["replay_lag_seconds"] - 0.01)
    assert sync(tmp_path, pair.primary_url).manifest("dag")["replay_lag_seconds"] is None


def test_several_connections_read_a_standby_in_one_moment(pair, tmp_path, monkeypatch):
    Gathering(monkeypatch, pair.standby_url, 2)
    share = ReadTransaction.share

    def share_and_replay(transaction):
        shared = share(transaction)
        pair.change(7)
        pair.standby.catch_up()
        return shared

    monkeypatch.setattr(ReadTransaction, "share", share_and_replay)
    config = {"database_url": pair.standby_url, "tables": TABLES}
    run = sync_here(tmp_path, connections=2, **config)
    assert len(run.of("BATCH", "task_instance")[0]["manifest"]) > 1
    assert len(run.rows("task_instance")) == 20
    # What was replayed while it read is read by the next one.
    monkeypatch.undo()
    assert len(sync_here(tmp_path, run.state, **config).rows("task_instance")) == 1


def test_primary_and_standby_take_turns(pair, tmp_path):
    assert own_identity(pair.primary_url) == own_identity(pair.standby_url)
    state = sync(tmp_path, pair.primary_url).state
    for number in range(1, 4):
        pair.change(number)
        pair.standby.catch_up()
        url = pair.standby_url if number % 2 else pair.primary_url
        run = sync(tmp_path, url, state)
        assert len(run.rows("task_instance")) >= 1
        assert not run.manifest("task_instance")["is_full_read"]
        assert moment_of(run) > dt.datetime.fromisoformat(state["bookmarks"]["dag"]["synced_until"])
        state = run.state


def test_a_standby_that_is_behind_the_last_sync_is_tried_again_later(pair, tmp_path):
    pair.standby.pause()
    pair.change()
    ahead = sync(tmp_path, pair.primary_url)
    behind = run_tap(tmp_path, ahead.state, database_url=pair.standby_url, tables=TABLES)
    assert behind.exit_code == RETRYABLE
    assert "it has not yet replayed what was synced before. Try again later" in behind.log
    assert behind.messages == []
    pair.change(1)
    pair.standby.resume()
    pair.standby.catch_up()
    run = sync(tmp_path, pair.standby_url, ahead.state)
    assert len(run.rows("task_instance")) == 1


def test_a_transaction_that_is_long_open_on_the_primary(pair, tmp_path):
    state = sync(tmp_path, pair.standby_url).state
    with psycopg.connect(pair.primary_url) as connection:
        connection.execute(finish(0))
        for number in (1, 2):
            # Airflow writes all the time, which is how a standby knows that one is still open.
            pair.change(number)
            pair.standby.catch_up()
            state = sync(tmp_path, pair.standby_url, state).state
        connection.commit()
    pair.change(3)
    pair.standby.catch_up()
    run = sync(tmp_path, pair.standby_url, state)
    assert len(run.rows("task_instance")) == 4
    assert not run.manifest("task_instance")["is_full_read"]


@pytest.fixture
def impatient(pair) -> Iterator[Pair]:
    """A standby that waits for no reader."""
    url = pair.standby.server.url("postgres")
    setting = "max_standby_streaming_delay"
    execute(url, f"alter system set {setting} = 0", "select pg_reload_conf()")
    yield pair
    execute(url, f"alter system reset {setting}", "select pg_reload_conf()")


@pytest.mark.parametrize("is_in_a_query", [True, False])
def test_a_read_that_is_in_the_way_of_replay_is_tried_again_later(impatient, is_in_a_query):
    settings = checked_settings(database_url=impatient.standby_url)
    resume = threading.Timer(0.5 if is_in_a_query else 0, impatient.standby.resume)
    with ReadTransaction(settings) as transaction:
        transaction.count("dag_tag")
        impatient.standby.pause()
        execute(impatient.primary_url, "delete from dag_tag", "vacuum dag_tag")
        resume.start()
        if not is_in_a_query:
            resume.join()
            impatient.standby.catch_up()
        with pytest.raises(SourceUnavailableError, match="hot_standby_feedback"):
            list(transaction.batches("select pg_sleep(10)::text"))
    resume.join()


def test_a_standby_that_has_replayed_nothing_does_not_know_its_moment(pair, tmp_path):
    pair.change()
    execute(pair.primary_url, "checkpoint")
    pair.standby.catch_up()
    execute(pair.standby_url, "checkpoint")  # so that it begins here again
    pair.standby.restart()
    with pytest.raises(SourceUnavailableError, match="replayed no transaction since"):
        sync(tmp_path, pair.standby_url)
    pair.change()
    pair.standby.catch_up()
    assert len(sync(tmp_path, pair.standby_url).rows("task_instance")) == 20
