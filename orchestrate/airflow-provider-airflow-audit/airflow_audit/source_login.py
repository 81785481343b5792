"""Finds the login to Airflow's own metadata database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

from airflow import __version__ as airflow_version
from airflow.configuration import conf

from airflow_audit.airflow_api import AirflowFailException, AirflowNotFoundException, BaseHook

# Not `airflow_db`: Airflow itself creates a dummy connection of that id.
DEFAULT_SOURCE_CONN_ID = "airflow_audit_source"
ENVIRONMENT_VARIABLE = "TAP_AIRFLOW_METADATA_DATABASE_URL"

# Without Airflow's Postgres provider a connection is stored as a generic one.
_POSTGRES = {"postgres", "postgresql", "generic"}
# Options of libpq that a connection's extra may set: how to reach the server, and how both sides
# authenticate. The rest of an extra is for the provider's hook.
_LIBPQ = (
    "service",
    "passfile",
    "hostaddr",
    "connect_timeout",
    "options",
    "application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "channel_binding",
    "require_auth",
    "requirepeer",
    "sslmode",
    "sslnegotiation",
    "sslcompression",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcertmode",
    "sslrootcert",
    "sslcrl",
    "sslcrldir",
    "sslsni",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "min_protocol_version",
    "max_protocol_version",
    "gssencmode",
    "gsslib",
    "gssdelegation",
    "krbsrvname",
    "target_session_attrs",
    "load_balance_hosts",
)
# In a task of Airflow 3 this is its own database's address.
_NOT_ALLOWED = "airflow-db-not-allowed:"


@dataclass(frozen=True)
class SourceLogin:
    """The login to the metadata database.

    Attributes:
        database_url: Address with the password.
        secrets: The passwords in it, to mask in logs.
        found_in: Where it was found, for messages.
    """

    database_url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    found_in: str


class NoSourceLoginError(Exception):
    """No login was found; the message says what to set up."""


def find_connection(conn_id: str) -> Any | None:  # noqa: ANN401  # the class differs by version
    """Return an Airflow connection, None if it does not exist."""
    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return None


def source_login(source_conn_id: str | None) -> SourceLogin:
    """Find the login: a named connection, the default one, a variable, or Airflow 2's own.

    Args:
        source_conn_id: Id of an Airflow connection; None to try all of these places.

    Raises:
        AirflowFailException: The named connection is missing or not of type Postgres.
        NoSourceLoginError: None of these places has one.
    """
    connection = find_connection(source_conn_id or DEFAULT_SOURCE_CONN_ID)
    if connection is not None:
        return _login_from_connection(connection)
    if source_conn_id:
        msg = (
            f"There is no Airflow connection {source_conn_id!r}, which source_conn_id names. Add it"
            " (type Postgres, a read-only login), or leave source_conn_id out"
        )
        raise AirflowFailException(msg)
    for place, url in (
        (f"the environment variable {ENVIRONMENT_VARIABLE}", os.environ.get(ENVIRONMENT_VARIABLE)),
        ("Airflow's own [database] sql_alchemy_conn", _airflow_database_url()),
    ):
        if url and not url.startswith(_NOT_ALLOWED):
            return SourceLogin(url, _passwords(url), place)
    msg = (
        "No login to Airflow's metadata database: there is no Airflow connection"
        f" {DEFAULT_SOURCE_CONN_ID!r}, and {ENVIRONMENT_VARIABLE} is not set. "
        + (
            "A task of Airflow 3 may not use Airflow's own login. "
            if not airflow_version.startswith("2.")
            else ""
        )
        + "Make a read-only login in the metadata database with the SQL in the log, then add it as"
        f" an Airflow connection {DEFAULT_SOURCE_CONN_ID!r} of type Postgres"
    )
    raise NoSourceLoginError(msg)


def _login_from_connection(connection: Any) -> SourceLogin:  # noqa: ANN401
    name = f"the Airflow connection {connection.conn_id!r}"
    if connection.conn_type not in _POSTGRES:
        msg = (
            f"{name} is of type {connection.conn_type!r}. Airflow's metadata database has to be a"
            " Postgres, so it has to be of type 'postgres'"
        )
        raise AirflowFailException(msg)
    extra = connection.extra_dejson
    if extra.get("iam"):
        msg = f"{name} asks for an IAM token, which is not supported. Give it a password"
        raise AirflowFailException(msg)
    password = connection.password or ""
    user = quote(connection.login or "", safe="")
    credentials = f"{user}:{quote(password, safe='')}" if password else user
    host = connection.host or ""
    options = _libpq_options(extra)
    if host.startswith("/"):  # the folder of a Unix socket
        options["host"] = host
        host = ""
    elif ":" in host:
        host = f"[{host}]"
    port = f":{connection.port}" if connection.port else ""
    url = f"postgresql://{credentials}@{host}{port}/{quote(connection.schema or '', safe='')}"
    url = _with_options(url, options)
    return SourceLogin(url, _passwords(url), name)


def _libpq_options(extra: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(extra[key]) for key in _LIBPQ if extra.get(key) not in (None, "")}


def _with_options(url: str, options: Mapping[str, str]) -> str:
    if not options:
        return url
    # libpq does not decode a plus sign as a space.
    return f"{url}{'&' if '?' in url else '?'}{urlencode(options, quote_via=quote)}"


def _airflow_database_url() -> str | None:
    if not airflow_version.startswith("2."):
        return None
    address: str | None = conf.get("database", "sql_alchemy_conn", fallback=None)
    # Airflow's other way to ask for TLS.
    arguments = conf.getimport("database", "sql_alchemy_connect_args", fallback=None)
    return _with_options(address, _libpq_options(arguments or {})) if address else None


def _passwords(url: str) -> tuple[str, ...]:
    address, _, query = url.partition("?")
    options = dict(option.partition("=")[::2] for option in query.split("&"))
    found = (
        address.partition("://")[2].rpartition("@")[0].partition(":")[2],
        options.get("password"),
        options.get("sslpassword"),
    )
    return tuple(unquote(password) for password in found if password)
