"""Starts the stand-in of Snowflake, and knows its user: see ``snowflake_server``."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import snowflake.connector
from snowflake.connector.cursor import SnowflakeCursor

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".tools/stand-in-snowflake/bin/python"
LOGIN = {
    "account": "organization-account",
    "user": "loader",
    "role": "loader",
    "warehouse": "loading",
}
PASSWORD, TOKEN, EXPIRED_TOKEN = "s3cret", "token", "expired"


@dataclass(frozen=True)
class SnowflakeStandIn:
    """A running stand-in.

    Attributes:
        environment: Environment variables that send every driver to it.
        folder: Where its files are.
    """

    environment: dict[str, str]
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def private_key(self) -> str:
        """The user's key, in PEM."""
        return (self.folder / "private_key.pem").read_text()

    @contextmanager
    def connected(self, database: str | None = None) -> Iterator[SnowflakeCursor]:
        """A cursor of the driver; the environment variables have to be set."""
        with (
            closing(
                snowflake.connector.connect(
                    **LOGIN,
                    password=PASSWORD,
                    database=database,
                    platform_detection_timeout_seconds=0.0,
                )
            ) as connection,
            connection.cursor() as cursor,
        ):
            yield cursor

    def new_database(self) -> str:
        """Make an empty database and return its name; the environment variables have to be set."""
        name = f"raw_{next(self._numbers)}"
        with self.connected() as cursor:
            cursor.execute(f"create database {name}")
        return name

    def log(self) -> list[dict[str, Any]]:
        """What clients did since the last call: `login`, `statement` or `uploaded` bytes."""
        file = self.folder / "log.jsonl"
        done = [json.loads(line) for line in file.read_text().splitlines()]
        file.write_text("")
        return done

    def fail(self, pattern: str, code: int, sql_state: str, message: str) -> None:
        """Refuse statements from now on that have something like this in them.

        Args:
            pattern: A regular expression.
            code: Snowflake's number of the error, or 503 if it is to be as if nobody were there.
            sql_state: Its SQLSTATE.
            message: Its words.
        """
        fault = {"pattern": pattern, "code": code, "sql_state": sql_state, "message": message}
        (self.folder / "fault.json").write_text(json.dumps(fault))

    def fail_no_more(self) -> None:
        (self.folder / "fault.json").unlink(missing_ok=True)


@contextmanager
def running_snowflake(folder: Path) -> Iterator[SnowflakeStandIn]:
    """Run the stand-in with a Python of its own.

    Args:
        folder: Empty, for its files.
    """
    assert PYTHON.exists(), f"{PYTHON} is missing: run the tests with `make test-warehouses`"
    with (
        (folder / "server.txt").open("w") as log,
        subprocess.Popen(
            [str(PYTHON), "-m", "tests.stand_ins.snowflake_server", str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout
        try:
            yield SnowflakeStandIn(json.loads(process.stdout.readline()), folder)
        finally:
            process.kill()
