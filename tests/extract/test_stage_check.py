"""`--queries` says what would be read, `--check-messages` whether what was read is all there."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest

from tests.extract.tap_runs import run_tap
from tests.real_airflow.postgres import execute

FINAL = 78
TABLES = ["dag_run", "sla_miss", "variable"]  # filled, not in Airflow 3, emptied


@pytest.fixture
def database(filled_database):
    url = filled_database("3.3.2", 30)
    execute(url, "truncate variable cascade")
    return url


def lines(run):
    assert run.exit_code == 0, run.log
    return {entry["table"]: entry for entry in map(json.loads, run.output.splitlines())}


def staged(folder, database, state=None, **config):
    run = run_tap(folder, state, database_url=database, tables=TABLES, **config)
    assert run.exit_code == 0, run.log
    (folder / "messages.jsonl").write_text(run.output)
    return run


def check(folder):
    return run_tap(folder, arguments=["--check-messages", str(folder / "messages.jsonl")])


def file_of(run, stream):
    return Path(urlsplit(run.of("BATCH", stream)[0]["manifest"][0]).path)


def is_refused(run, *said):
    assert run.exit_code == FINAL, run.log
    assert "Traceback" not in run.log
    for text in said:
        assert text in run.log
    assert run.output == ""


def test_queries_are_those_of_the_sync(database, tmp_path):
    first = lines(run_tap(tmp_path, database_url=database, tables=TABLES, arguments=["--queries"]))
    assert [entry["source_rows"] for entry in first.values()] == [30, 0, 0]
    assert first["dag_run"]["sql"].startswith('select "id"')
    assert first["dag_run"]["source_bytes"] > 0
    assert first["sla_miss"]["sql"] is None
    assert '"val"' not in first["variable"]["sql"]
    assert all(entry["is_full_read"] for entry in first.values())
    assert not (tmp_path / "spool").exists()


@pytest.mark.parametrize("state_first", [True, False])
def test_queries_follow_the_state(database, tmp_path, state_first):
    (tmp_path / "last.json").write_text(json.dumps(staged(tmp_path, database).state))
    arguments = [["--state", str(tmp_path / "last.json")], ["--queries"]]
    chosen = [word for part in (arguments if state_first else arguments[::-1]) for word in part]
    then = lines(run_tap(tmp_path, database_url=database, tables=TABLES, arguments=chosen))
    assert " where " in then["dag_run"]["sql"]
    assert not then["dag_run"]["is_full_read"]
    assert then["dag_run"]["source_rows"] == 30


def test_what_is_whole_is_counted(database, tmp_path):
    run = staged(tmp_path, database)
    found = lines(check(tmp_path))
    assert list(found) == TABLES
    file = file_of(run, "dag_run")
    assert found["dag_run"] == {
        "table": "dag_run",
        "is_table_at_source": True,
        "is_full_read": True,
        "source_rows": 30,
        "staged_rows": 30,
        "staged_bytes": file.stat().st_size,
        "extracted_at": run.manifest("dag_run")["_sdc_extracted_at"],
    }
    assert found["variable"]["staged_rows"] == found["variable"]["staged_bytes"] == 0
    assert not found["sla_miss"]["is_table_at_source"]


def test_only_what_is_read_whole_is_counted_if_that_is_set(database, tmp_path):
    config = {"count_rows": "full_reads"}
    first = staged(tmp_path, database, **config)
    assert first.manifest("dag_run")["source_rows"] == 30
    second = staged(tmp_path, database, first.state, **config)
    counted = {row["table_name"]: row["source_rows"] for row in second.rows("_sync_manifest")}
    assert counted == {"dag_run": None, "sla_miss": 0, "variable": 0}
    assert "of uncounted rows" in second.log
    assert lines(check(tmp_path))["dag_run"]["source_rows"] is None
    config |= {"database_url": database, "tables": TABLES, "arguments": ["--queries"]}
    asked = lines(run_tap(tmp_path, first.state, **config))
    assert {name: entry["source_rows"] for name, entry in asked.items()} == counted
    every = staged(tmp_path, database, first.state)
    assert every.manifest("dag_run")["source_rows"] == 30


def test_a_truncated_file_is_refused(database, tmp_path):
    file = file_of(staged(tmp_path, database), "dag_run")
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[:-100])
    numbers = (f"{size - 100:,} bytes are staged, {size:,} were read", "0 rows", "30 were read")
    is_refused(check(tmp_path), "dag_run", "no readable Parquet", *numbers)


def test_a_missing_file_is_refused(database, tmp_path):
    file_of(staged(tmp_path, database), "dag_run").unlink()
    is_refused(check(tmp_path), "dag_run", "is not there")


def test_a_missing_row_is_refused(database, tmp_path):
    file = file_of(staged(tmp_path, database), "dag_run")
    pq.write_table(pq.read_table(file).slice(1), file)
    is_refused(check(tmp_path), "dag_run: 29 rows are staged, 30 were read")


def test_a_table_that_is_not_in_the_messages_is_refused(database, tmp_path):
    run = staged(tmp_path, database)
    kept = [line for line in run.output.splitlines() if json.loads(line).get("stream") != "dag_run"]
    (tmp_path / "messages.jsonl").write_text("\n".join(kept))
    is_refused(check(tmp_path), "dag_run: in the manifest, not in the messages")


def test_fewer_rows_than_at_the_source_are_refused(database, tmp_path):
    run = staged(tmp_path, database)
    file = file_of(run, "_sync_manifest")
    manifest = pq.read_table(file)
    rows = [
        row | ({"source_rows": 31} if row["table_name"] == "dag_run" else {})
        for row in manifest.to_pylist()
    ]
    pq.write_table(manifest.from_pylist(rows, manifest.schema), file)
    is_refused(check(tmp_path), "dag_run: 31 rows at the source, 30 were read")


def test_messages_without_an_end_are_refused(database, tmp_path):
    run = staged(tmp_path, database)
    (tmp_path / "messages.jsonl").write_text("\n".join(run.output.splitlines()[:-1]))
    is_refused(check(tmp_path), "not complete")


def test_messages_that_are_not_there_are_refused(tmp_path):
    is_refused(check(tmp_path), "messages.jsonl")


def test_records_are_refused(database, tmp_path):
    staged(tmp_path, database, records=True)
    is_refused(check(tmp_path), "records in place of files")
