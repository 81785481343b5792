"""The command as Meltano runs it."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.runtime import run_context, telemetry

from tests.load.loaded_duckdb import LoadedDuckDB
from tests.load.singer import INTEGER, MOMENTS, STATE, TEXT, batch, parquet, record, schema
from warehouse_targets.target_duckdb import DuckDBTarget

PROPERTIES = {"id": INTEGER}


def _command(*arguments: str) -> str:
    return subprocess.run(
        [str(Path(sys.executable).with_name("target-duckdb")), *arguments],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_version_and_help() -> None:
    assert re.fullmatch(r"target-duckdb v\d+\.\d+\.\d+, Meltano SDK v.*\n", _command("--version"))
    assert "--config" in _command("--help")


def test_about_lists_the_settings() -> None:
    about = json.loads(_command("--about", "--format=json"))
    settings = about["settings"]
    assert sorted(settings["properties"]) == [
        "batch_size_rows",
        "default_target_schema",
        "memory_limit",
        "path",
        "validate_records",
    ]
    assert settings["required"] == ["path", "default_target_schema"]
    assert all(setting["description"] for setting in settings["properties"].values())


def test_heavy_libraries_wait_until_they_are_needed() -> None:
    code = (
        "import sys, warehouse_targets.target_duckdb;"
        "sys.exit(' '.join({'dlt', 'duckdb', 'pyarrow'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.strip() == ""


def test_load(warehouse: LoadedDuckDB, tmp_path: Path) -> None:
    folders = [tmp_path / "spool" / "1", tmp_path / "spool" / "2"]
    rows = [{"id": number} for number in range(3)]
    files = [parquet(folder, PROPERTIES, rows, MOMENTS[0]) for folder in folders]
    (folders[1] / "somebody else's").write_text("")
    run = warehouse.run(
        schema("a", PROPERTIES, key=["id"], mode="merge"),
        batch("a", files[0]),
        schema("b", PROPERTIES, key=["id"], mode="append"),
        batch("b", files[1]),
        schema("_sync_manifest", {"table_name": TEXT}, key=["table_name"], mode="merge"),
        record("_sync_manifest", {"table_name": "a"}),
        STATE,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == json.loads(STATE)["value"]
    assert re.findall(r"Loaded into airflow_test in \d+\.\d s: (.*)", run.stderr) == [
        "tables 2, rows 6 (a 3, b 3)",
        "tables 1, rows 1 (_sync_manifest 1)",
    ]
    assert warehouse.rows("a", ["id"]) == warehouse.rows("b", ["id"]) == [(0,), (1,), (2,)]
    assert not folders[0].exists()
    assert [path.name for path in folders[1].iterdir()] == ["somebody else's"]


def test_nothing_sent_is_nothing_done(warehouse: LoadedDuckDB) -> None:
    assert warehouse.load() == []
    assert not warehouse.path.exists()


def test_only_the_settings_count(warehouse: LoadedDuckDB, tmp_path: Path) -> None:
    """Nothing of dlt's own configuration is read, and nothing is written but the DuckDB file."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere.duckdb"
    toml = (
        'restore_from_destination = true\ndataset_name_layout = "x_%s"\n'
        '[runtime]\nlog_level = "INFO"\ndlthub_telemetry = true\n'
        f'[destination.duckdb]\ncredentials = "{elsewhere}"\n[schema]\nnaming = "snake_case"\n'
        '[destination]\nstaging_dataset_name_layout = "staging"\n[load]\nworkers = 0\n'
    )
    warehouse.path.parent.mkdir()
    for folder in (warehouse.path.parent / ".dlt", home / ".dlt"):
        folder.mkdir(parents=True)
        for name in ("config.toml", "secrets.toml"):
            (folder / name).write_text(toml)
    before = sorted(tmp_path.rglob("*"))
    warehouse.environment = {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "CREDENTIALS": str(elsewhere),
        "DESTINATION__DUCKDB__CREDENTIALS": str(elsewhere),
        "DATASET_NAME_LAYOUT": "other_%s",
        "DLT_DATA_DIR": str(home / "dlt"),
        "LOAD__WORKERS": "0",
        "RESTORE_FROM_DESTINATION": "true",
        "RUNTIME__LOG_LEVEL": "INFO",
        "SCHEMA__NAMING": "snake_case",
    }
    run = warehouse.run(
        schema("camelCase", {"someID": INTEGER}, key=["someID"]), record("camelCase", {"someID": 1})
    )
    assert run.returncode == 0, run.stderr
    assert "XDG_DATA_HOME" not in run.stderr
    assert warehouse.tables() == [("airflow_test", "camelCase")]
    assert warehouse.columns("camelCase")[0] == ("someID", "bigint")
    made = {path.name for path in set(tmp_path.rglob("*")) - set(before)}
    assert made == {warehouse.path.name, "config.json", "messages.jsonl"}


def test_dlt_keeps_to_its_folder_and_sends_nothing(
    warehouse: LoadedDuckDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        pytest.fail("dlt has a configuration of its own")

    if PluggableRunContext in Container():  # of another test of this process
        del Container()[PluggableRunContext]
    monkeypatch.setattr(telemetry, "_TELEMETRY_STARTED", False)
    monkeypatch.setattr(telemetry, "init_anon_tracker", fail)
    monkeypatch.setattr(run_context, "global_dir", fail)
    monkeypatch.setattr(run_context.RunContext, "initial_providers", fail)
    warehouse.load(schema("t", PROPERTIES, key=["id"]), record("t", {"id": 1}))
    assert telemetry.is_telemetry_started()
    assert PluggableRunContext not in Container()


def test_path_with_characters_that_mean_something(tmp_path: Path) -> None:
    """In SQL, in file patterns and in URLs."""
    file = parquet(tmp_path / "100% [a]* it's", PROPERTIES, [{"id": 1}], MOMENTS[0])
    for name in ("it's here", "[b]*", "ü %20 #", "{c} $d"):
        warehouse = LoadedDuckDB(tmp_path / name)
        begin = schema("t", PROPERTIES, key=["id"])
        warehouse.load(begin, record("t", {"id": 1}))
        assert warehouse.rows("t", ["id"]) == [(1,)]
    warehouse.load(begin, batch("t", file))
    assert not file.exists()
    assert warehouse.rows("t", ["id"]) == [(1,)]


def test_state_waits_for_the_load(
    warehouse: LoadedDuckDB, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However long the tap takes and however many records it has sent."""
    target = DuckDBTarget(config=warehouse.config | {"batch_size_rows": 1})
    monkeypatch.setattr(target, "_last_full_drain_at", 0)
    rows = [record("t", {"id": number}) for number in range(3)]
    messages = [schema("t", PROPERTIES, key=["id"]), STATE, *rows]
    target.process_lines(io.StringIO("\n".join(messages)))
    assert capsys.readouterr().out == ""
    assert not warehouse.path.exists()
    target.process_endofpipe()
    assert json.loads(capsys.readouterr().out) == json.loads(STATE)["value"]
    assert warehouse.rows("t", ["id"]) == [(0,), (1,), (2,)]


def test_stopping_passes_on_no_state(warehouse: LoadedDuckDB) -> None:
    """A signal while the tap still writes: what it sent so far is not loaded."""
    folder = warehouse.path.parent
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(warehouse.config))
    process = subprocess.Popen(
        [warehouse.command, "--config", str(folder / "config.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TARGET_DUCKDB_LOGLEVEL": "DEBUG"},
    )
    assert process.stdin
    assert process.stderr
    messages = [STATE, schema("t", PROPERTIES, key=["id"]), record("t", {"id": 1})]
    process.stdin.write("\n".join(messages) + "\n")
    process.stdin.flush()
    for line in process.stderr:
        if "Initializing target sink for stream" in line:
            break
    process.send_signal(signal.SIGTERM)
    output, log = process.communicate(timeout=30)
    assert (process.returncode, output) == (128 + signal.SIGTERM, ""), log
    assert "Stopped by signal 15" in log
    assert not warehouse.path.exists()
