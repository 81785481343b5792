"""Several connections read the same rows as one, in one moment, and one is enough."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from tap_airflow_metadata.catalogue import load_catalogue
from tap_airflow_metadata.errors import SourceRefusedError, SourceUnavailableError
from tap_airflow_metadata.grants import grants_sql
from tap_airflow_metadata.query import BlockRange
from tap_airflow_metadata.read_transaction import ReadTransaction
from tests.extract.side_by_side import (
    Gathering,
    let_the_first_one_wait,
    make_small_tables_worth_it,
    meanwhile,
)
from tests.extract.tap_runs import sync_here
from tests.real_airflow.pgbouncer import transaction_pooler
from tests.real_airflow.postgres import execute, require_password

ROWS = 300
TABLES = ["task_instance", "log", "dag_run", "dag"]
ALONE = "One connection reads everything"


@pytest.fixture
def url(filled_database) -> str:
    return filled_database("3.3.2", ROWS)


def rows_of(run) -> dict[str, Counter[str]]:
    """The rows of each table, in whatever order they came, without the moment of the sync."""
    return {
        stream: Counter(
            repr({name: value for name, value in row.items() if name != "_sdc_extracted_at"})
            for row in run.rows(stream)
        )
        for stream in run.streams
        if stream != "_sync_manifest"
    }


def counts_of(run):
    return {
        row["table_name"]: (row["source_rows"], row["sent_rows"], row["cleaned_rows"])
        for row in run.rows("_sync_manifest")
    }


def files_of(run, table) -> int:
    files = len(run.of("BATCH", table)[0]["manifest"])
    assert run.manifest(table)["file_count"] == files
    return files


@pytest.mark.parametrize(("tables", "records"), [([], False), (TABLES, False), (TABLES, True)])
def test_four_connections_read_what_one_reads(url, tmp_path, monkeypatch, tables, records):
    config = {"database_url": url, "tables": tables, "records": records}
    one = sync_here(tmp_path, **config)
    gathering = Gathering(monkeypatch, url, 4)
    four = sync_here(tmp_path, connections=4, **config)
    assert gathering.backends == 4  # no more than were set
    assert rows_of(four) == rows_of(one)
    assert counts_of(four) == counts_of(one)
    assert counts_of(one)["task_instance"] == (ROWS, ROWS, 0)
    assert one.streams == four.streams
    if tables and not records:
        assert files_of(one, "task_instance") == 1
        assert files_of(four, "task_instance") > 1
        assert files_of(four, "log") > 1  # the query that cleans


def test_all_connections_see_the_moment_of_the_first_one(url, tmp_path, monkeypatch):
    config = {"database_url": url, "tables": TABLES}
    before = sync_here(tmp_path, **config)
    Gathering(monkeypatch, url, 3)
    later = ("delete from log where id % 2 = 0", "update task_instance set try_number = 7")
    meanwhile(monkeypatch, url, *later, "insert into log (id, event) values (90001, 'late')")
    run = sync_here(tmp_path, connections=3, **config)
    assert rows_of(run) == rows_of(before)
    monkeypatch.undo()
    assert rows_of(sync_here(tmp_path, **config)) != rows_of(before)


def test_changes_are_not_read_in_parts(url, tmp_path, monkeypatch):
    config = {"database_url": url, "tables": TABLES}
    state = sync_here(tmp_path, **config).state
    one = sync_here(tmp_path, state, **config)
    assert not one.manifest("log")["is_full_read"]
    Gathering(monkeypatch, url, 2)
    two = sync_here(tmp_path, state, connections=2, **config)
    assert rows_of(two) == rows_of(one)
    assert files_of(two, "task_instance") == 1


@pytest.fixture
def reader(url):
    """The address of a login that may read just what is read."""
    grants = grants_sql({"database_url": "postgresql://reader@", "tables": []}, load_catalogue())
    execute(url, "drop role if exists reader", grants)
    yield url.replace("postgres@", "reader@")
    execute(url, "alter role reader connection limit -1", "drop owned by reader")


def test_a_login_with_granted_columns_reads_each_table_in_one_part(reader, tmp_path, monkeypatch):
    config = {"database_url": reader, "tables": TABLES}
    one = sync_here(tmp_path, **config)
    Gathering(monkeypatch, reader, 2)
    two = sync_here(tmp_path, connections=2, **config)
    assert files_of(two, "task_instance") == 1
    assert rows_of(two) == rows_of(one)
    execute(
        reader.replace("reader@", "postgres@"), "grant select (ctid) on task_instance to reader"
    )
    assert files_of(sync_here(tmp_path, connections=2, **config), "task_instance") > 1


def is_read_alone(folder, caplog, url, *said):
    caplog.clear()
    run = sync_here(folder, database_url=url, tables=TABLES, connections=3)
    assert {row["sent_rows"] for row in run.rows("_sync_manifest")} == {ROWS}
    (told,) = [entry.message for entry in caplog.records if entry.levelname == "WARNING"]
    for text in said:
        assert text in told


@pytest.mark.parametrize("limit", [1, 2])  # of two more, the second is refused
def test_one_connection_is_enough_for_a_role_with_a_limit(
    reader, tmp_path, monkeypatch, caplog, limit
):
    let_the_first_one_wait(monkeypatch)
    owner = reader.replace("reader@", "postgres@")
    execute(owner, f"alter role reader connection limit {limit}")
    is_read_alone(tmp_path, caplog, reader, ALONE, "too many connections for role")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "0000FFFF-00000001-1"}, "0000FFFF-00000001-1"),
        ({"moment": ("1:1:", "yesterday")}, "led to another server"),
    ],
)
def test_one_connection_is_enough_where_others_see_something_else(
    url, tmp_path, monkeypatch, caplog, wrong, said
):
    let_the_first_one_wait(monkeypatch)
    share = ReadTransaction.share
    monkeypatch.setattr(ReadTransaction, "share", lambda of: replace(share(of), **wrong))
    is_read_alone(tmp_path, caplog, url, ALONE, said)


def test_a_pooler(postgres, url, tmp_path, monkeypatch, caplog):
    name = re.search(r"airflow_\d+", url)[0]
    execute(url, "drop role if exists pooled", "create role pooled login superuser password 'x'")
    require_password(url, "pooled")
    try:
        with transaction_pooler(postgres, "pooled", "x") as port:
            make_small_tables_worth_it(monkeypatch)
            pooled = f"postgresql://pooled:x@127.0.0.1:{port}/{name}"
            is_read_alone(tmp_path, caplog, pooled, "no other one was given", "A pooler")
        with transaction_pooler(postgres, "pooled", "x", connections=3) as port:
            Gathering(monkeypatch, url, 3)
            pooled = f"postgresql://pooled:x@127.0.0.1:{port}/{name}"
            run = sync_here(tmp_path, database_url=pooled, tables=TABLES, connections=3)
            assert files_of(run, "task_instance") > 1
    finally:
        execute(url, "drop role pooled")


@pytest.mark.parametrize("is_log_first", [True, False])
def test_an_error_ends_the_others_and_leaves_nothing(url, tmp_path, monkeypatch, is_log_first):
    """Whichever connection it is that fails, the other one stops in the middle of its query."""
    Gathering(monkeypatch, url, 2)
    batches, ended = ReadTransaction.batches, []

    def fail_or_wait(transaction, _):
        is_first = transaction._shared is None
        try:
            yield from batches(
                transaction,
                "select 1 / 0 as id" if is_first is is_log_first else "select pg_sleep(90)::text",
            )
        except SourceUnavailableError as error:
            ended.append(str(error))
            raise

    monkeypatch.setattr(ReadTransaction, "batches", fail_or_wait)
    with pytest.raises(SourceRefusedError, match="division by zero"):
        sync_here(
            tmp_path,
            database_url=url,
            tables=["log", "task_instance"],
            connections=2,
            statement_timeout_seconds=60,
        )
    assert len(ended) == 1
    assert "user request" in ended[0]
    assert list((tmp_path / "spool").iterdir()) == []
    query = "select count(*) from pg_stat_activity where state = 'active' and query like %s"
    assert execute(url, query.replace("%s", "'%pg_' || 'sleep(90)%'")).fetchone()[0] == 0


def test_one_connection_opens_no_other(url, tmp_path, monkeypatch):
    make_small_tables_worth_it(monkeypatch)
    monkeypatch.setattr(ReadTransaction, "share", lambda _: pytest.fail("not to be shared"))
    sync_here(tmp_path, database_url=url, tables=TABLES, connections=1)


def test_little_to_read_opens_no_other(url, tmp_path, monkeypatch):
    monkeypatch.setattr(ReadTransaction, "share", lambda _: pytest.fail("not to be shared"))
    sync_here(tmp_path, database_url=url, tables=TABLES, connections=4)


@pytest.mark.parametrize("block_count", [1, 2, 3, 7, 100, 45_455])
@pytest.mark.parametrize("ranges", [1, 2, 3, 8])
def test_each_block_is_in_one_range(block_count, ranges):
    parts = BlockRange.partition(block_count, ranges)
    assert 1 <= len(parts) <= ranges
    assert parts[0].first == 0
    assert parts[-1].end is None  # for what is written while it is read
    assert [part.end for part in parts[:-1]] == [part.first for part in parts[1:]]
    assert all(part.first < (part.end or block_count) for part in parts)
