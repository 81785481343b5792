from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.real_airflow.postgres import execute
from tests.small_disk import small_disk
from tests.snapshot.conftest import add_rows, change


@pytest.fixture
def taken(snapshots, source) -> tuple[str, Path, Path]:
    """A snapshot: its name, archive and manifest."""
    name = snapshots.take(source)
    folder = Path(snapshots.location)
    return name, folder / f"{name}.dump", folder / f"{name}.json"


def seal(archive: Path, manifest: Path) -> None:
    """Make the manifest agree with the archive's bytes, as if the damage had been there before."""
    digest = subprocess.run(["sha256sum", archive], capture_output=True, text=True, check=True)
    change(manifest, "archive", "sha256", value=digest.stdout.split()[0])
    change(manifest, "archive", "size", value=archive.stat().st_size)


def test_good(snapshots, each_source):
    name = snapshots.take(each_source)
    printed = snapshots.run("verify")
    assert printed.startswith(f"PASS {name}: ")
    with psycopg.connect(each_source) as connection:
        [(tables,)] = connection.execute(
            "select count(*) from pg_tables where schemaname = 'public'"
        ).fetchall()
    assert f" rows of {tables} tables" in printed


def test_what_the_manifest_says_and_the_archive_does_not(snapshots, taken):
    name, _, manifest = taken
    content = json.loads(manifest.read_text())
    tables = content["contents"]["tables"]
    key = next(
        key for key in content["contents"]["constraints"] if key.startswith("task_instance.")
    )
    index = next(name for name in content["contents"]["indexes"] if name.startswith("dag_run."))
    change(manifest, "contents", "tables", "log", "rows", value=tables["log"]["rows"] + 1)
    change(manifest, "contents", "tables", "dag", "checksum", value="1")
    change(manifest, "contents", "tables", "xcom", value=None)
    change(manifest, "contents", "tables", "lost", value={"rows": 0, "checksum": "0"})
    change(manifest, "contents", "constraints", key, value="PRIMARY KEY (other)")
    change(manifest, "contents", "indexes", index, value=None)
    printed = snapshots.run("verify", name, code=78)
    assert printed.startswith(f"FAIL {name}\n")
    rows = tables["log"]["rows"]
    assert f"  table log has {rows:,} rows, not {rows + 1:,}\n" in printed
    assert "  table dag: rows have another content\n" in printed
    assert "  table xcom should not be there\n" in printed
    assert "  table lost is missing\n" in printed
    assert re.search(rf"  constraint {re.escape(key)} is .*, not PRIMARY KEY \(other\)\n", printed)
    assert f"  index {index} should not be there\n" in printed


def test_truncated(snapshots, taken):
    name, archive, manifest = taken
    os.truncate(archive, archive.stat().st_size - 1000)
    assert "truncated" in snapshots.run("verify", name, code=78)
    seal(archive, manifest)
    assert snapshots.run("verify", name, code=78).startswith("FAIL")


def test_a_changed_byte(snapshots, taken):
    name, archive, manifest = taken
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    archive.write_bytes(data)
    assert "its SHA-256 is not the manifest's" in snapshots.run("verify", name, code=78)
    seal(archive, manifest)
    assert snapshots.run("verify", name, code=78).startswith("FAIL")


def test_an_archive_of_a_newer_postgres(snapshots, taken):
    name, archive, manifest = taken
    data = bytearray(archive.read_bytes())
    assert data[:5] == b"PGDMP"
    data[6] += 9  # the minor version of the format
    archive.write_bytes(data)
    seal(archive, manifest)
    printed = snapshots.run("verify", name, code=78)
    assert printed.startswith("FAIL")
    assert "unsupported version" in printed


def test_no_archive(snapshots, taken):
    name, archive, _ = taken
    archive.unlink()
    assert f"{name}.dump" in snapshots.run("verify", name, code=78)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"format": 1}', "is damaged"),
        ('{"format": 2}', "is damaged"),
        ('{"format": 3}', "has format 3; this release reads up to 2"),
    ],
)
def test_a_manifest_that_cannot_be_read(snapshots, text, told):
    folder = Path(snapshots.location)
    folder.mkdir()
    (folder / "shop-1.json").write_text(text)
    for command in (("verify", "shop-1"), ("verify",), ("prune",)):
        printed = snapshots.run(*command, code=78)
        assert told in printed
        assert "shop-1" in printed
    # One that is damaged hides no other.
    assert told in snapshots.run("list")


def test_no_snapshot(snapshots):
    assert "has no snapshot" in snapshots.run("verify", code=78)
    assert "has no snapshot 'x'. There is none" in snapshots.run("verify", "x", code=78)
    assert "has no snapshot '../x'" in snapshots.run("verify", "../x", code=78)


def test_a_sequence_behind_its_rows_is_told_only_if_it_was_not_so_at_the_source(snapshots, source):
    execute(source, "select setval('log_id_seq', 1)")
    name = snapshots.take(source)
    assert "PASS" in snapshots.run("verify", name)
    manifest = Path(snapshots.location) / f"{name}.json"
    assert json.loads(manifest.read_text())["contents"]["late_sequences"] == ["log.id"]
    change(manifest, "contents", "late_sequences", value=[])
    assert "sequence of log.id is behind its rows" in snapshots.run("verify", name, code=78)


@contextmanager
def temporary_folder(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        Path(folder).chmod(0o755)  # as root, the server runs as another user
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def _scratch_servers(folder: Path) -> list[str]:
    """What runs that has the folder in its command line."""
    return [
        process.info["name"]
        for process in psutil.process_iter(["name", "cmdline"])
        if any(str(folder) in argument for argument in process.info["cmdline"] or [])
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_ended_verify_leaves_no_server(snapshots, taken, monkeypatch, number):
    with temporary_folder(monkeypatch) as folder:
        process = snapshots.start("verify", taken[0])
        deadline = time.monotonic() + 60
        while "postgres" not in _scratch_servers(folder):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(number)
        process.communicate(timeout=60)
        if number == signal.SIGKILL:
            assert _scratch_servers(folder)
            assert "PASS" in snapshots.run("verify", taken[0])
        assert _scratch_servers(folder) == []
        assert [path.name for path in folder.glob("airflow-snapshot-scratch*")] == []


def test_no_room_for_the_scratch_server(snapshots, source, monkeypatch):
    add_rows(source)
    name = snapshots.take(source)
    with temporary_folder(monkeypatch) as folder, small_disk(folder, "70m"):
        printed = snapshots.run("verify", name, code=78)
        assert f"{folder} has " in printed
        assert "MB left; TMPDIR names another folder" in printed
        assert "FAIL" not in printed
