"""Archives in pg_dump's custom format, which every pg_restore of this release or newer reads."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from airflow_snapshot.anonymous_file import anonymous_file
from airflow_snapshot.contents import ORIGIN_TABLE
from airflow_snapshot.database import connected, display_address, program_address, program_environ
from airflow_snapshot.embedded_postgres import PROGRAMS
from airflow_snapshot.errors import (
    DamagedSnapshotError,
    DatabaseError,
    SnapshotUnavailableError,
)
from airflow_snapshot.exported_snapshot import LOCK_TIMEOUT_SECONDS, ExportedSnapshot

# The only method of the embedded programs; its default level takes more than twice as long.
_COMPRESSION = "gzip:1"
# pg_restore sets this on every server; those before 17 do not know it.
_SET_TRANSACTION_TIMEOUT = b"SET transaction_timeout = 0;\n"
_FIRST_WITH_TRANSACTION_TIMEOUT = 170000
_HEADER_LINES = 20
_MESSAGE_LIMIT = 1500  # characters of a program's standard error
_CONNECTION_LOST = re.compile(
    r"could not connect|connection to server|server closed|terminating connection|lock timeout"
    r"|starting up|shutting down|too many|deadlock|SSL SYSCALL",
    re.IGNORECASE,
)
_DAMAGED = re.compile(
    r"input file|unsupported version|not appear to be a valid archive|unexpected end of file"
    r"|could not read from input|could not uncompress|did not find magic string|corrupt"
    r"|unrecognized data block|could not find block|out of range",
    re.IGNORECASE,
)


@contextlib.contextmanager
def dump(exported: ExportedSnapshot) -> Iterator[IO[bytes]]:
    """Run pg_dump on an exported snapshot; the block reads its archive to the end.

    Owners and rights are left out, because another server lacks the roles.

    Raises:
        DatabaseError: pg_dump failed, and will do so again.
        SnapshotUnavailableError: A retry may help.
    """
    schema = _pattern(exported.source.schema)
    command = [
        str(PROGRAMS / "pg_dump"),
        "--format=custom",
        f"--compress={_COMPRESSION}",
        f"--snapshot={exported.snapshot_id}",
        f"--schema={schema}",
        f"--exclude-table={schema}.{ORIGIN_TABLE}",
        f"--lock-wait-timeout={LOCK_TIMEOUT_SECONDS}s",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        "--no-publications",
        "--no-subscriptions",
        "--no-security-labels",
        f"--dbname={program_address(exported.parameters)}",
    ]
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, env=program_environ(exported.parameters)
        )
        assert process.stdout is not None  # a pipe was asked for  # noqa: S101
        try:
            yield process.stdout
        except BaseException:
            process.kill()
            raise
        finally:
            process.stdout.close()
            exit_code = process.wait()
        _check("pg_dump", exit_code, _text_of(stderr), display_address(exported.parameters))


def load(archive: Path, parameters: dict[str, str]) -> None:
    """Fill a database without tables from an archive, with parallel processes.

    Args:
        archive: A local file, not encrypted.
        parameters: Address of the database.

    Raises:
        DamagedSnapshotError: The archive cannot be read.
        DatabaseError: The database refused it.
        SnapshotUnavailableError: A retry may help.
    """
    with connected(parameters) as connection:
        has_transaction_timeout = connection.info.server_version >= _FIRST_WITH_TRANSACTION_TIMEOUT
    with _contents_without_schemas(archive) as contents, tempfile.TemporaryFile() as stderr:
        command = [
            *_pg_restore_command(archive, contents),
            *(["--exit-on-error"] if has_transaction_timeout else []),
            f"--jobs={usual_jobs()}",
            f"--dbname={program_address(parameters)}",
        ]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=program_environ(parameters),
            start_new_session=True,
        )
        try:
            exit_code = process.wait()
        except BaseException:
            # It has child processes.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        text = _text_of(stderr)
        if has_transaction_timeout or not _ran_to_completion(text):
            _check("pg_restore", exit_code, text, display_address(parameters))


def load_as_one(archive: Path, parameters: dict[str, str]) -> None:
    """Fill a database without tables from an archive: all of it, or nothing.

    One process restores it in one transaction, so if anything is killed, Postgres rolls back.

    Args:
        archive: A local file, not encrypted.
        parameters: Address of the database.

    Raises:
        DamagedSnapshotError: The archive cannot be read.
        DatabaseError: The database refused it.
        SnapshotUnavailableError: A retry may help.
    """
    with _contents_without_schemas(archive) as contents, tempfile.TemporaryFile() as stderr:
        address = display_address(parameters)
        address = f"--dbname={program_address(parameters)}"
        script = subprocess.Popen(
            [*_pg_restore_command(archive, contents), "--file=-"],
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        psql = subprocess.Popen(
            [
                *(str(PROGRAMS / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"),
                # The details of an error may quote rows.
                *("--set=VERBOSITY=terse", address),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=program_environ(parameters),
        )
        assert script.stdout is not None  # noqa: S101  # pipes were asked for
        assert psql.stdin is not None  # noqa: S101
        try:
            # The pipe breaks if psql ends early.
            with contextlib.suppress(BrokenPipeError), psql.stdin as target:
                target.write(b"begin;\n")
                for _ in range(_HEADER_LINES):
                    line = script.stdout.readline()
                    if line != _SET_TRANSACTION_TIMEOUT:
                        target.write(line)
                shutil.copyfileobj(script.stdout, target)
                if script.wait() == 0:
                    target.write(b"commit;\n")
        finally:
            script.kill()
            script.stdout.close()
            psql.wait()
        text = _text_of(stderr)
        _check("psql", psql.returncode, text, address)
        _check("pg_restore", script.returncode, text, address)


def copy(exported: ExportedSnapshot, parameters: dict[str, str]) -> None:
    """Fill a database without tables from an exported snapshot.

    Raises:
        DatabaseError: One of the databases refused.
        SnapshotUnavailableError: A retry may help.
    """
    with anonymous_file() as here:
        with dump(exported) as output:
            shutil.copyfileobj(output, here.file)
        here.file.flush()
        load(here.path, parameters)


def _pg_restore_command(archive: Path, contents: Path) -> list[str]:
    return [
        str(PROGRAMS / "pg_restore"),
        "--no-owner",
        "--no-privileges",
        f"--use-list={contents}",
        str(archive),
    ]


@contextlib.contextmanager
def _contents_without_schemas(archive: Path) -> Iterator[Path]:
    """Write the table of contents without schemas: every new database has `public`."""
    done = subprocess.run(
        [str(PROGRAMS / "pg_restore"), "--list", str(archive)],
        capture_output=True,
        text=True,
        check=False,
    )
    _check("pg_restore", done.returncode, done.stderr, str(archive))
    with anonymous_file() as contents:
        for line in done.stdout.splitlines(keepends=True):
            if not re.match(r"\d+; \d+ \d+ SCHEMA ", line):
                contents.file.write(line.encode())
        contents.file.flush()
        yield contents.path


def _ran_to_completion(stderr: str) -> bool:
    """Return whether pg_restore complained only of the setting that is unknown before 17."""
    errors = [line for line in stderr.splitlines() if line.startswith("pg_restore: error")]
    return "errors ignored on restore" in stderr and all(
        '"transaction_timeout"' in line for line in errors
    )


def _pattern(name: str) -> str:
    """Return a name as a pattern of pg_dump that matches nothing else."""
    return '"' + name.replace('"', '""') + '"'


def _text_of(stderr: IO[bytes]) -> str:
    stderr.seek(0)
    return stderr.read().decode(errors="replace")


def _check(program: str, exit_code: int, stderr: str, address: str) -> None:
    """Raise an error that says whether a retry can help, unless the program succeeded."""
    if exit_code == 0:
        return
    text = _without_details(program, stderr)[:_MESSAGE_LIMIT]
    message = f"{address}: {program} failed with exit code {exit_code}: {text}"
    if "server version mismatch" in text:
        message += f"\nThe server is newer than this release's {program}: use a newer release"
    elif "No space left on device" in text:
        message += "\nThe server's disk is full"
    elif "permission denied" in text or "lack SELECT privilege" in text:
        message += "\nUse the login that owns Airflow's tables"
    elif _DAMAGED.search(text):
        raise DamagedSnapshotError(message)
    elif _CONNECTION_LOST.search(text):
        raise SnapshotUnavailableError(message)
    raise DatabaseError(message)


def _without_details(program: str, stderr: str) -> str:
    """Return the lines that the program itself wrote; the server's that follow may quote rows."""
    lines = stderr.strip().splitlines()
    return "\n".join(line for line in lines if line.startswith(f"{program}:")) or stderr.strip()


def usual_jobs() -> int:
    """Return how many processes to restore with: one a processor, up to eight."""
    return max(1, min(8, len(os.sched_getaffinity(0))))
