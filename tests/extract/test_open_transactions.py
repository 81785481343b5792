"""What a transaction that was open in the moment of a sync commits later is not missed."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from tap_airflow_metadata.open_transactions import OpenTransactions, on_primary, on_standby
from tests.extract.tap_runs import sync_here
from tests.real_airflow.postgres import execute

OLD = "timestamptz '2026-01-01 00:00+00'"
# By its own time, as the moments of the tests are no further apart than the tests take.
FINISH = (
    "update task_instance set end_date = now() where ctid ="
    " (select ctid from task_instance order by dag_id limit 1)"
)


@pytest.fixture
def url(filled_database):
    """A database whose task instances all finished long ago."""
    url = filled_database("2.11.0")
    execute(
        url,
        f"update task_instance set state = 'success', updated_at = {OLD}, start_date = {OLD},"
        f" end_date = {OLD}, queued_dttm = {OLD}",
    )
    return url


@pytest.fixture
def unprivileged_url(url):
    """The same, for a login that may read the tables and nothing else."""
    execute(
        url, "create role reader login", "grant select on all tables in schema public to reader"
    )
    yield url.replace("postgres@", "reader@")
    execute(url, "drop owned by reader", "drop role reader")


def sync(folder, url, state=None):
    return sync_here(folder, state, database_url=url, tables=["task_instance"])


def told(run):
    manifest = run.manifest("task_instance")
    return manifest["transactions_seen"], manifest["oldest_transaction_at"]


@pytest.mark.parametrize("writes_before_the_sync", [True, False])
def test_what_an_open_transaction_changed_is_read_when_it_is_committed(
    url, tmp_path, writes_before_the_sync
):
    with psycopg.connect(url) as connection:
        [began_at] = connection.execute("select now()").fetchone()
        if writes_before_the_sync:
            connection.execute(FINISH)
        first = sync(tmp_path, url)
        second = sync(tmp_path, url, first.state)
        connection.execute(FINISH)
        connection.commit()
    assert second.rows("task_instance") == []
    assert told(second) == ("all", began_at.astimezone(dt.timezone.utc).isoformat())
    third = sync(tmp_path, url, second.state)
    assert len(third.rows("task_instance")) == 1
    assert not third.manifest("task_instance")["is_full_read"]
    assert told(third) == ("all", None)
    assert sync(tmp_path, url, third.state).rows("task_instance") == []


def test_a_login_without_rights_reads_back_to_the_sync_before_the_transaction_wrote(
    url, unprivileged_url, tmp_path
):
    first = sync(tmp_path, unprivileged_url)
    with psycopg.connect(url) as connection:
        connection.execute(FINISH)
        second = sync(tmp_path, unprivileged_url, first.state)
        third = sync(tmp_path, unprivileged_url, second.state)
        connection.commit()
    assert told(second) == told(third) == ("writing", None)
    fourth = sync(tmp_path, unprivileged_url, third.state)
    assert len(fourth.rows("task_instance")) == 1
    assert not fourth.manifest("task_instance")["is_full_read"]


def test_a_login_without_rights_reads_all_if_it_has_never_synced_before(
    url, unprivileged_url, tmp_path
):
    with psycopg.connect(url) as connection:
        connection.execute(FINISH)
        first = sync(tmp_path, unprivileged_url)
        connection.commit()
    second = sync(tmp_path, unprivileged_url, first.state)
    assert len(second.rows("task_instance")) == 20
    assert second.manifest("task_instance")["is_full_read"]


def test_the_state_of_an_older_version_of_the_tap_is_taken_up(url, tmp_path):
    state = sync(tmp_path, url).state
    bookmark = state["bookmarks"]["task_instance"]
    older = {name: bookmark[name] for name in ("synced_until", "selection")}
    execute(url, FINISH)
    run = sync(tmp_path, url, {"bookmarks": {"task_instance": older}})
    assert len(run.rows("task_instance")) == 1
    assert not run.manifest("task_instance")["is_full_read"]


MOMENT = dt.datetime(2026, 3, 3, tzinfo=dt.timezone.utc)
LAST = {
    "synced_until": "2026-03-02T00:00:00+00:00",
    "read_from": "2026-03-01T00:00:00+00:00",
    "next_transaction": 100,
}


@pytest.mark.parametrize(
    ("transactions", "last", "day"),
    [
        (OpenTransactions("none"), {}, 3),
        (OpenTransactions("all", oldest_began_at=MOMENT + dt.timedelta(seconds=1)), {}, 3),
        (OpenTransactions("writing", next_id=120), {}, 3),
        (OpenTransactions("writing", oldest_id=100, next_id=120), LAST, 2),
        (OpenTransactions("writing", oldest_id=99, next_id=120), LAST, 1),
        (OpenTransactions("writing", oldest_id=99, next_id=120), LAST | {"read_from": None}, None),
        (OpenTransactions("writing", oldest_id=99, next_id=120), {}, None),
    ],
)
def test_where_the_next_sync_begins(transactions, last, day):
    expected = MOMENT.replace(day=day) if day else None
    assert transactions.read_from(MOMENT, last) == expected


def test_ids_are_compared_over_the_end_of_their_32_bits():
    xmax = 3 * 2**32 + 5
    seen = on_primary([(2**32 - 7, None, True), (2, None, True), (None, None, False)], xmax)
    assert (seen.seen, seen.oldest_id, seen.next_id) == ("writing", 3 * 2**32 - 7, xmax)


def test_the_next_id_is_behind_that_of_every_open_transaction():
    """The snapshot of a database in which nothing else goes on ends before an open one."""
    assert on_primary([(105, None, True)], xmax=105).next_id == 106
    assert on_standby(xmin=101, xmax=105) == OpenTransactions("writing", None, 101, 105)
    assert on_standby(xmin=105, xmax=105).oldest_id is None
