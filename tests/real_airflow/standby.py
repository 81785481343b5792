"""Standbys of throw-away Postgres servers, which follow them by streaming replication."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from airflow_snapshot.embedded_postgres import PROGRAMS
from tests.real_airflow.postgres import ThrowawayPostgres, execute

_PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Standby:
    """A running standby.

    Attributes:
        primary: What it follows.
        server: The standby itself; nothing can be written to it.
        data: Folder of its data.
        owner: Id of the user it runs as.
    """

    primary: ThrowawayPostgres
    server: ThrowawayPostgres
    data: Path
    owner: int

    def catch_up(self) -> None:
        """Wait until all that was committed on the primary is replayed."""
        query = "select pg_current_wal_insert_lsn()"
        [wanted] = execute(self.primary.url("postgres"), query).fetchone() or ()
        self._wait_until(f"pg_last_wal_replay_lsn() >= '{wanted}'")

    def pause(self) -> None:
        """Replay nothing more until :meth:`resume`."""
        execute(self.server.url("postgres"), "select pg_wal_replay_pause()")
        self._wait_until("pg_get_wal_replay_pause_state() = 'paused'")

    def resume(self) -> None:
        """Replay again."""
        execute(self.server.url("postgres"), "select pg_wal_replay_resume()")

    def restart(self) -> None:
        """Stop and start the server."""
        self._pg_ctl("restart", "-m", "fast")

    def _wait_until(self, condition: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while execute(self.server.url("postgres"), f"select {condition}").fetchone() != (True,):
            assert time.monotonic() < deadline, f"the standby never came to {condition}"
            time.sleep(0.02)

    def _pg_ctl(self, *arguments: str) -> None:
        _as(self.owner, "pg_ctl", "-D", str(self.data), "-w", *arguments)


def _as(owner: int, program: str, *arguments: str) -> None:
    user = owner if owner != os.getuid() else None
    command = [str(PROGRAMS / program), *arguments]
    subprocess.run(command, user=user, check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def standby_of(primary: ThrowawayPostgres) -> Iterator[Standby]:
    """Copy a server and start the copy as its standby; stop it and remove its files at the end."""
    [primary_data] = execute(primary.url("postgres"), "show data_directory").fetchone() or ()
    owner = Path(primary_data).stat().st_uid
    with tempfile.TemporaryDirectory(prefix="standby-") as folder:
        if owner != os.getuid():
            os.chown(folder, owner, -1)
        data = Path(folder) / "data"
        source = ("-d", primary.url("postgres"), "-R", "-c", "fast")
        _as(owner, "pg_basebackup", "-D", str(data), *source)
        standby = Standby(primary, ThrowawayPostgres(Path(folder)), data, owner)
        standby._pg_ctl("start", "-l", f"{folder}/log", "-o", f"-h '' -k {folder} -p 5432")
        try:
            yield standby
        finally:
            standby._pg_ctl("stop", "-m", "fast")
