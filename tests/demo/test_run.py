"""`make demo` and `make query`, run as a user runs them."""

from __future__ import annotations

import re
import shutil
import sys

import duckdb
import pytest

from demo import query, run
from demo.environments import ENVIRONMENTS
from demo.present import EARLIER
from tests.demo.demo_runs import REPORT, WAREHOUSE, run_demo


def test_demo_finds_what_is_planted_and_builds_nothing_the_second_time(first_demo):
    folder, first = first_demo
    for environment in ENVIRONMENTS:
        assert re.search(rf"Copy {environment.slug} .* +[\d.]+ s", first)
        proof = "rows of .* tables, all counted against the source"
        assert re.search(rf"{environment.slug} +[\d,]+ {proof}", first)
    for finding in (
        "56 things to look at, of 20 kinds, 7 of them urgent.",
        "- high: jonas got the privileged role Admin from root, seen on 2026-11-13 (production)",
        "- high: dana is an admin and never logged in (production), and 2 more: ",
    ):
        assert finding in first
    assert (folder / REPORT).read_text().startswith("<!doctype html>")
    built = (folder / WAREHOUSE).stat().st_mtime_ns
    second = run_demo(folder)
    assert "All is there from before" in second
    assert (folder / WAREHOUSE).stat().st_mtime_ns == built
    assert (
        second.partition("What the report says")[2].partition("Look further")[0]
        == (first.partition("What the report says")[2].partition("Look further")[0])
    )


def test_failed_step_says_what_and_where(stand_in, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "STATE", tmp_path)
    meltano = stand_in('echo "No space left on device"; exit 3')
    with pytest.raises(run.DemoError) as raised:
        run._meltano(meltano, {}, "marts", "invoke", "dbt:build")
    assert "`meltano invoke dbt:build` failed with exit code 3" in str(raised.value)
    assert "No space left on device" in str(raised.value)
    assert "marts.log" in str(raised.value)
    assert "make install" in str(raised.value)


def test_meltano_gets_the_demos_settings_alone(stand_in, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "STATE", tmp_path)
    monkeypatch.setenv("TAP_AIRFLOW_METADATA_PII", "full")
    monkeypatch.setenv("AIRFLOW_SNAPSHOT_IDENTITY", "mine.key")
    monkeypatch.setenv("TARGET_DUCKDB_PATH", "mine.duckdb")
    monkeypatch.setenv("EDITOR", "ed")
    run._meltano(stand_in("env"), {"ENVIRONMENT_SLUG": "production"}, "out")
    told = dict(line.split("=", 1) for line in (tmp_path / "out.log").read_text().splitlines())
    assert told["ENVIRONMENT_SLUG"] == "production"
    assert told["TARGET_DUCKDB_PATH"] == str(run.WAREHOUSE)
    assert told["EDITOR"] == "ed"
    assert not {"TAP_AIRFLOW_METADATA_PII", "AIRFLOW_SNAPSHOT_IDENTITY"} & told.keys()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder for the demo's results, in place of the user's own."""
    for name in ("STATE", "WAREHOUSE", "MELTANO_STATE", "REPORT", "ANSWERS"):
        monkeypatch.setattr(run, name, tmp_path if name == "STATE" else tmp_path / name.lower())
    return tmp_path


def test_what_an_earlier_demo_made_is_removed(elsewhere, stand_in):
    names = ("warehouse", "warehouse.wal", "meltano_state", "report")
    earlier = {elsewhere / name for name in names}
    for file in earlier:
        file.write_text("of a later moment")
    run._make_warehouse(stand_in("true"))
    assert {file for file in earlier if file.exists()} == {run.WAREHOUSE}
    with duckdb.connect(str(run.WAREHOUSE), read_only=True) as warehouse:
        assert warehouse.execute("select count(*) from hr.leavers").fetchall() == [(2,)]


def test_damaged_snapshot_is_said(elsewhere, monkeypatch):
    metadata = shutil.copytree(run.METADATA, elsewhere / "metadata")
    name = ENVIRONMENTS[0].snapshot_at(EARLIER)
    archive = metadata / f"{name}.dump"
    archive.write_bytes(archive.read_bytes()[:-1000])
    monkeypatch.setattr(run, "METADATA", metadata)
    with pytest.raises(run.DemoError, match=r"failed with exit code 78:[^$]*truncated") as raised:
        run._make_warehouse(run.ROOT / ".venv" / "bin" / "meltano")
    assert f"copy-{name}.log" in str(raised.value)


def test_changed_source_makes_the_warehouse_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "SOURCES", (tmp_path / "transform",))
    made = tmp_path / "transform" / "target"
    made.mkdir(parents=True)
    model = tmp_path / "transform" / "model.sql"
    model.write_text("select 1")
    before = run._fingerprint()
    (made / "manifest.json").write_text("{}")
    assert run._fingerprint() == before
    model.write_text("select 2")
    assert run._fingerprint() != before


def test_missing_meltano_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(SystemExit) as raised:
        run.main()
    assert "make install" in str(raised.value.code)


def test_query_needs_a_warehouse_and_a_query(monkeypatch, tmp_path, capsys):
    for arguments, message in (
        ([""], "no query given"),
        (["select 1", "--database", str(tmp_path / "none.duckdb")], "there is no"),
    ):
        monkeypatch.setattr(sys, "argv", ["query", *arguments])
        with pytest.raises(SystemExit) as raised:
            query.main()
        assert raised.value.code == 2
        assert message in capsys.readouterr().err


def test_query_prints_a_table(monkeypatch, tmp_path, capsys):
    path = tmp_path / "some.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema airflow_audit")
        connection.execute("create table airflow_audit.dim_dags as select 'orders' as dag_id")
    monkeypatch.setattr(sys, "argv", ["query", "from dim_dags", "--database", str(path)])
    query.main()
    assert "orders" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["query", "from nothing", "--database", str(path)])
    with pytest.raises(SystemExit) as raised:
        query.main()
    assert "nothing does not exist" in str(raised.value.code)
