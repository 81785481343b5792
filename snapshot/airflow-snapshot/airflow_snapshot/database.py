"""Connections to Postgres: addresses that show no password, and errors that say what to do."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg import conninfo

from airflow_snapshot.embedded_postgres import LIBPQ_WITH_TLS
from airflow_snapshot.errors import (
    DatabaseError,
    SnapshotError,
    SnapshotSettingsError,
    SnapshotUnavailableError,
)

Connection = psycopg.Connection[tuple[Any, ...]]

_POSTGRES = re.compile(r"^postgres(ql)?(\+[a-z0-9_]+)?://", re.IGNORECASE)
# libpq ends a login at the first @ or /, so a second @ is one that should be percent-encoded, and
# what stands before it is taken for a host or a database, which messages name.
_CUT_OFF_LOGIN = re.compile(_POSTGRES.pattern + r"[^@/]*[@/][^?]*@", re.IGNORECASE)
# Rows are compared by their text, so it must not depend on settings of server, database or role.
_SAME_EVERYWHERE = """
    set time zone 'UTC';
    set datestyle = 'ISO, YMD';
    set intervalstyle = 'postgres';
    set extra_float_digits = 1;
    set bytea_output = 'hex'
"""
# SQLSTATE classes and codes after which the same command may work later: connection exceptions,
# rollbacks, lack of resources, operator intervention, lock not available, object in use.
_PASSING_STATES = ("08", "40", "53", "57P", "55P03", "55006")
# A server that answers a login with FATAL refuses it for good, but for these passing states.
_PASSING_REFUSALS = re.compile(
    r"too many|remaining connection slots|starting up|shutting down|recovery|not yet accepting"
    r"|terminating connection",
    re.IGNORECASE,
)
# What no retry mends: a part that libpq cannot use, a server without TLS, a certificate that is not
# trusted, files that are not there.
_WRONG_ADDRESS = re.compile(
    r"sslmode|port number|connection option|definition of service|service file"
    r"|does not support SSL|certificate|private key|SSL error: .* alert"
)


def parse_address(address: str | None, setting: str) -> dict[str, str]:
    """Return an address as parameters of libpq.

    Args:
        address: A libpq URL, a ``key=value`` string, or Airflow's own ``sql_alchemy_conn``.
        setting: The setting it comes from, for the error.

    Raises:
        SnapshotSettingsError: It is missing, malformed, or of another kind of database. The message
            never repeats the address, which may hold a password.
    """
    text = (address or "").strip()
    if not text:
        msg = f"{setting} is not set: postgresql://user@host:5432/airflow"
        raise SnapshotSettingsError(msg)
    if "://" in text:
        if not _POSTGRES.match(text):
            kind = text.split("://", 1)[0].split("+")[0].lower()
            msg = (
                f"{setting} is a {kind} address. Snapshots are of Airflow metadata databases on"
                " PostgreSQL only; MySQL and SQLite have their own tools (mysqldump, .backup)"
            )
            raise SnapshotSettingsError(msg)
        if _CUT_OFF_LOGIN.match(text):
            msg = (
                f"{setting} has more than one @, or one after a /. In user, password and database"
                " write %40 for @, and %2F for /"
            )
            raise SnapshotSettingsError(msg)
        text = _POSTGRES.sub("postgresql://", text)
    try:
        parameters = conninfo.conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        msg = (
            f"{setting} is no address that PostgreSQL understands; special characters in user or"
            " password have to be percent-encoded: postgresql://user@host:5432/airflow"
        )
        raise SnapshotSettingsError(msg) from None
    if not parameters.get("dbname"):
        msg = (
            f"{setting} names no database: postgresql://user@host:5432/airflow, or, beside a"
            " service, postgresql:///airflow?service=name"
        )
        raise SnapshotSettingsError(msg)
    if "sslpassword" in parameters:
        msg = f"{setting} has sslpassword, which programs of Postgres take only in the open"
        raise SnapshotSettingsError(msg)
    return {name: str(value) for name, value in parameters.items() if value is not None}


def display_address(parameters: dict[str, str]) -> str:
    """Return an address to print: a URL with `***` in place of a password."""
    known = dict(parameters)
    password = ":***" if known.pop("password", None) else ""
    user = quote(known.pop("user", ""), safe="")
    login = f"{user}{password}@" if user or password else ""
    host, port = known.pop("host", ""), known.pop("port", "")
    query = {"host": host} if host.startswith("/") else {}
    address = ("" if query else host) + (f":{port}" if port else "")
    database = quote(known.pop("dbname"), safe="")
    options = urlencode(query | known, safe="/")
    return f"postgresql://{login}{address}/{database}" + (f"?{options}" if options else "")


@contextlib.contextmanager
def connected(parameters: dict[str, str], **changes: str) -> Iterator[Connection]:
    """Connect in autocommit mode, and translate the driver's errors, in the block too.

    Args:
        parameters: The address.
        changes: Parameters that replace some of those.

    Raises:
        DatabaseError: The server refused, and will do so again.
        SnapshotUnavailableError: A retry may help.
    """
    try:
        connection = psycopg.connect(
            **(parameters | {"application_name": "airflow-snapshot"} | changes),  # type: ignore[arg-type]
            autocommit=True,
        )
        with connection:
            _require_no_pooler(connection, display_address(parameters))
            connection.execute(_SAME_EVERYWHERE)
            yield connection
    except psycopg.Error as error:
        raise _explain(error, display_address(parameters)) from error


def _require_no_pooler(connection: Connection, address: str) -> None:
    """Refuse a pooler, which answers with a process id of its own making.

    Sessions that share a connection share its settings, and pg_dump and pg_restore empty the
    search_path: through PgBouncer in transaction mode, Airflow no longer found its tables.
    """
    [(process,)] = connection.execute("select pg_backend_pid()")
    if process != connection.info.backend_pid:
        msg = (
            f"{address} is a pooler, such as PgBouncer. It would pass on the settings of a"
            " snapshot's sessions to Airflow's, which then fail. Set host and port of the server"
        )
        raise DatabaseError(msg)


def _explain(error: psycopg.Error, address: str) -> SnapshotError:  # noqa: PLR0911
    # The details of an error may quote rows.
    text = " ".join((error.diag.message_primary or str(error)).split())
    state = error.sqlstate or ""
    if state == "55P03":
        return SnapshotUnavailableError(
            f"{address}: a table is locked: {text}. A migration or clean-up of Airflow may be"
            " running; try again when it is done"
        )
    if state == "42501":
        return DatabaseError(
            f"{address}: the login lacks a right: {text}. Use the login that owns Airflow's tables"
        )
    if state == "53100":
        return DatabaseError(f"{address}: the server's disk is full: {text}")
    if state:
        kind = SnapshotUnavailableError if state.startswith(_PASSING_STATES) else DatabaseError
        return kind(f"{address}: {text}")
    is_refused = "FATAL" in text or "no password supplied" in text
    if is_refused and not _PASSING_REFUSALS.search(text):
        return DatabaseError(f"{address}: the server refused the login: {text}")
    if _WRONG_ADDRESS.search(text) and not _PASSING_REFUSALS.search(text):
        return DatabaseError(f"{address}: the address cannot be used as it is: {text}")
    return SnapshotUnavailableError(f"{address}: the server did not answer or went away: {text}")


def program_environ(parameters: dict[str, str]) -> dict[str, str]:
    """Return the environment of a Postgres program, which gets the password there only."""
    # Beside what is loaded before already, such as another allocator.
    preloaded = " ".join(filter(None, [LIBPQ_WITH_TLS, os.environ.get("LD_PRELOAD")]))
    environ = dict(os.environ) | {"LD_PRELOAD": preloaded}
    if "password" in parameters:
        environ["PGPASSWORD"] = parameters["password"]
    return environ | {"PGAPPNAME": "airflow-snapshot"}


def program_address(parameters: dict[str, str]) -> str:
    """Return the address as an argument of a Postgres program, without the password."""
    return conninfo.make_conninfo(
        "", **{name: value for name, value in parameters.items() if name != "password"}
    )
