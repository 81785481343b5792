"""The server that scratch databases live in."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from airflow_snapshot import embedded_postgres as module
from airflow_snapshot.embedded_postgres import (
    LIBPQ_WITH_TLS,
    PROGRAMS,
    EmbeddedPostgresError,
    PostgresServer,
    embedded_postgres,
)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter: as root, the server runs as one of those.

    Those of pytest are closed to others, and closed again by every other pytest that starts.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        yield Path(folder)


def test_the_package_still_has_the_insides_that_are_relied_on(open_folder):
    """Where this fails after an upgrade, look at airflow_snapshot/embedded_postgres.py."""
    programs = {file.name for file in PROGRAMS.iterdir()}
    assert {"pg_dump", "pg_restore", "psql", "postgres"} <= programs
    runtime_folder = platformdirs.user_runtime_path("python_PostgresServer")
    assert PostgresServer.lock_path.parent == runtime_folder
    data = open_folder / "postgres"
    with embedded_postgres(data) as server:
        assert json.loads((data / ".handle_pids.json").read_text()) == [os.getpid()]
        assert (data / "log").read_text()
        assert server.get_uri().startswith("postgresql://postgres:@/postgres?host=")


@pytest.mark.parametrize("preloaded", ["", LIBPQ_WITH_TLS])
def test_the_programs_know_tls_by_the_libpq_of_psycopg_alone(preloaded):
    """Where they know it by themselves, nothing has to be loaded before theirs any more."""
    asked = [PROGRAMS / "psql", "host=127.0.0.1 port=1 sslmode=require"]
    environ = {"LD_PRELOAD": preloaded}
    said = subprocess.run(asked, env=environ, capture_output=True, text=True, check=False).stderr
    assert ("not compiled in" in said) == (not preloaded)
    assert ("Connection refused" in said) == bool(preloaded)


def test_server_that_cannot_start_is_said(open_folder):
    (open_folder / "PG_VERSION").write_text("18\n")
    with (
        pytest.raises(EmbeddedPostgresError, match="did not start"),
        embedded_postgres(open_folder),
    ):
        pass


def test_user_of_the_server_can_be_made_by_a_root_with_a_short_path(open_folder, monkeypatch):
    """As in cron, where the server's first start made no user for want of useradd."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    found = []

    def get_server(_, **__):
        found.append(os.environ["PATH"].split(":"))
        raise OSError

    monkeypatch.setattr(module, "get_server", get_server)
    with pytest.raises(EmbeddedPostgresError), embedded_postgres(open_folder):
        pass
    assert found == [["/usr/bin", "/bin", "/usr/sbin", "/sbin"]]
    assert os.environ["PATH"] == "/usr/bin:/bin"


def test_server_of_a_killed_run_is_taken_over_and_stopped(open_folder):
    data = open_folder / "postgres"
    with embedded_postgres(data):
        pass
    # The list of those who use the server, as a killed process leaves it.
    (data / ".handle_pids.json").write_text("[999999999]")
    with embedded_postgres(data):
        assert (data / "postmaster.pid").exists()
    assert not (data / "postmaster.pid").exists()
