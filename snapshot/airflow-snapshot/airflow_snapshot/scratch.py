"""A temporary Postgres server, for a snapshot that is restored only to be read."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from psycopg import conninfo, sql

from airflow_snapshot import archive
from airflow_snapshot.database import connected
from airflow_snapshot.download import local_archive
from airflow_snapshot.embedded_postgres import embedded_postgres
from airflow_snapshot.encryption import Identity
from airflow_snapshot.errors import DatabaseError, SnapshotUnavailableError
from airflow_snapshot.manifest import Manifest, Source
from airflow_snapshot.progress import Progress
from airflow_snapshot.store import Store

_PREFIX = "airflow-snapshot-scratch-"
_LOCK = "lock"
# The data does not outlive the server, so it need not survive a crash.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "256MB",
}


@dataclass(frozen=True)
class ScratchServer:
    """A running server that only this process uses.

    Attributes:
        parameters: Of the address of its database `postgres`.
    """

    parameters: dict[str, str]

    def create_database(self, name: str, source: Source) -> dict[str, str]:
        """Create an empty database for the data of a source, and return its address."""
        with connected(self.parameters) as connection:
            # The locale C takes any encoding; rows do not depend on collation.
            connection.execute(
                sql.SQL("create database {} template template0 encoding {} locale 'C'").format(
                    sql.Identifier(name), sql.Literal(source.encoding)
                )
            )
        parameters = self.parameters | {"dbname": name}
        if source.schema != "public":
            with connected(parameters) as connection:
                connection.execute(
                    sql.SQL("create schema {}").format(sql.Identifier(source.schema))
                )
        return parameters


@contextlib.contextmanager
def scratch_server() -> Iterator[ScratchServer]:
    """Start an empty server in TMPDIR for the time of the block, and remove it all.

    Raises:
        EmbeddedPostgresError: It did not start.
    """
    _remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with embedded_postgres(folder / "postgres") as server:
                parameters = {
                    name: str(value)
                    for name, value in conninfo.conninfo_to_dict(server.get_uri()).items()
                }
                with connected(parameters) as connection:
                    for name, value in _SETTINGS.items():
                        setting = sql.SQL("alter system set {} = {}")
                        connection.execute(setting.format(sql.Identifier(name), sql.Literal(value)))
                    connection.execute("select pg_reload_conf()")
                yield ScratchServer(parameters)
        finally:
            _kill_servers(folder)  # one that was interrupted while it started
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def restored(
    manifest: Manifest, store: Store, identities: list[Identity], progress: Progress
) -> Iterator[dict[str, str]]:
    """Restore a snapshot into a scratch server for the time of the block.

    Args:
        manifest: The snapshot's.
        store: Where it is kept.
        identities: Private keys, for an encrypted archive.
        progress: Reports to the user.

    Yields:
        Address of the restored database.

    Raises:
        DamagedSnapshotError: The archive is not what the manifest says, or cannot be read.
        SnapshotError: It could not be downloaded or restored.
    """
    with local_archive(manifest, store, identities) as path, scratch_server() as server:
        parameters = server.create_database("airflow", manifest.source)
        with progress.step(f"Restoring {manifest.name} into a scratch Postgres"):
            _load(path, parameters)
        yield parameters


def _load(path: Path, parameters: dict[str, str]) -> None:
    try:
        archive.load(path, parameters)
    except (DatabaseError, SnapshotUnavailableError) as error:
        # A program that runs out of disk space may die without a word.
        free = shutil.disk_usage(tempfile.gettempdir()).free / 1e6
        msg = (
            f"{error}\n{tempfile.gettempdir()} has {free:,.0f} MB left; TMPDIR names another folder"
        )
        raise DatabaseError(msg) from error


def _remove_leftovers() -> None:
    """Stop the servers, and remove the files, of killed processes."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # It may be another user's, or not have its lock yet.
        with contextlib.suppress(OSError), (folder / _LOCK).open() as lock:
            # A running process holds the lock.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _kill_servers(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _kill_servers(folder: Path) -> None:
    """Kill what still uses a folder: a server, or initdb."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        is_postgres = process.info["name"] in {"postgres", "initdb"}
        if is_postgres and any(str(folder) in part for part in process.info["cmdline"] or []):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
            found.append(process)
    psutil.wait_procs(found, timeout=10)
