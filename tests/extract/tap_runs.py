"""Runs the tap as Meltano does, a process with a config file, and reads what it wrote."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq

from tap_airflow_metadata.catalogue import load_catalogue
from tap_airflow_metadata.settings import Settings, settings_from_config
from tap_airflow_metadata.tap import AirflowMetadataTap
from tests.forked import ForkedCommand

TAP = Path(sys.executable).with_name("tap-airflow-metadata")
_TAP = ForkedCommand(TAP, "tap_airflow_metadata.command:main")


@dataclass(frozen=True)
class TapRun:
    """One run of the tap."""

    exit_code: int
    messages: list[dict[str, Any]]
    output: str
    log: str

    @property
    def state(self) -> dict[str, Any]:
        return [message["value"] for message in self.messages if message["type"] == "STATE"][-1]

    def of(self, kind: str, stream: str) -> list[dict[str, Any]]:
        return [m for m in self.messages if m["type"] == kind and m["stream"] == stream]

    @property
    def streams(self) -> list[str]:
        return [m["stream"] for m in self.messages if m["type"] == "SCHEMA"]

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """The rows of a stream, however they were sent, with JSON parsed and times as objects."""
        schema = self.of("SCHEMA", stream)[0]["schema"]["properties"]
        rows = [m["record"] for m in self.of("RECORD", stream)]
        for batch in self.of("BATCH", stream):
            for file in batch["manifest"]:
                rows += pq.read_table(urlsplit(file).path).to_pylist()
                rows = [_json_parsed(row, schema) for row in rows]
        return [_times_as_text(row) for row in rows]

    def everything_in(self, folder: Path) -> str:
        """All that was written: messages, log, and the files of rows in a folder."""
        files = [
            json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False)
            for path in folder.rglob("*.parquet")
        ]
        return self.output + self.log + "".join(files)

    def manifest(self, table: str) -> dict[str, Any]:
        return {row["table_name"]: row for row in self.rows("_sync_manifest")}[table]


def _json_parsed(row: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return {
        name: json.loads(value)
        if "object" in schema[name]["type"] and isinstance(value, str)
        else value
        for name, value in row.items()
    }


def _times_as_text(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in row.items()
    }


def checked_settings(**config: Any) -> Settings:
    """The settings as the tap's own modules take them, with no limits and no lookback."""
    given = {
        "database_url": "postgresql://db/airflow",
        "environment_slug": "test",
        "lookback_seconds": 0,
        "statement_timeout_seconds": 0,
        "lock_timeout_seconds": 0,
    }
    return settings_from_config(given | config, load_catalogue())


def _settings(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {"environment_slug": "test", "lookback_seconds": 0} | config
    if not settings.pop("records", False):
        storage = {"root": (folder / "spool").as_uri()}
        settings["batch_config"] = {"encoding": {"format": "parquet"}, "storage": storage}
    return settings


def run_tap(folder: Path, state: dict[str, Any] | None = None, **config: Any) -> TapRun:
    """Run the tap's command with a config; `records=True` leaves out the batch files."""
    arguments = config.pop("arguments", [])
    (folder / "config.json").write_text(json.dumps(_settings(folder, config)))
    options = ["--config", str(folder / "config.json"), *arguments]
    if state is not None:
        (folder / "state.json").write_text(json.dumps(state))
        options += ["--state", str(folder / "state.json")]
    done = _TAP.run(*options, folder=folder)
    messages = []
    if not arguments:
        messages = [json.loads(line) for line in done.stdout.splitlines()]
    return TapRun(done.returncode, messages, done.stdout, done.stderr)


def sync_here(folder: Path, state: dict[str, Any] | None = None, **config: Any) -> TapRun:
    """The same in this process: a second faster, for tests that need neither log nor exit code."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            AirflowMetadataTap(config=_settings(folder, config), state=state or {}).sync_all()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    messages = [json.loads(line) for line in output.getvalue().splitlines()]
    return TapRun(0, messages, output.getvalue(), "")
