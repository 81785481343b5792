"""PgBouncer in front of a throw-away Postgres, set as in Airflow's Helm chart."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.real_airflow.postgres import ThrowawayPostgres

_PATIENCE_SECONDS = 10


@contextmanager
def transaction_pooler(
    server: ThrowawayPostgres, user: str, password: str, *, connections: int = 1
) -> Iterator[int]:
    """Start a pooler with a single connection for each database, or with more; give its port.

    Without PgBouncer the test is skipped, and says how to get it.

    Args:
        server: What it is in front of; it listens on a port.
        user: The only one that it lets in.
        password: Of that user, for the server too.
        connections: How many it opens to a database.
    """
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        pytest.skip("no pgbouncer in PATH; on Debian and Ubuntu: apt install pgbouncer")
    owner = server.socket_folder.stat().st_uid  # it refuses to run as root, like PostgreSQL
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        users, settings = Path(folder, "users.txt"), Path(folder, "pgbouncer.ini")
        users.write_text(f'"{user}" "{password}"\n')
        settings.write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n"
            f"[pgbouncer]\npool_mode = transaction\ndefault_pool_size = {connections}\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {users}\n"
            "ignore_startup_parameters = extra_float_digits\n"
        )
        for path in (folder, users, settings):
            os.chown(path, owner, -1)
        pooler = subprocess.Popen(
            [program, "--quiet", settings],
            user=owner if owner != os.getuid() else None,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(port)
            yield port
        finally:
            pooler.terminate()
            pooler.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    pytest.fail("pgbouncer does not listen")
