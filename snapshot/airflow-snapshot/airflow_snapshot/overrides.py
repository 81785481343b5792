"""A file of connections and variables that replace those of a copy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import yaml
from psycopg import sql

from airflow_snapshot.database import Connection
from airflow_snapshot.errors import SnapshotSettingsError
from airflow_snapshot.fernet import Keyring
from airflow_snapshot.report import AppliedChange

_PLACEHOLDER = re.compile(r"\$?\$\{(\w+)\}")
_TEXTS = ("conn_type", "description", "host", "schema", "login", "password")
_HIGHEST_PORT = 65535
_MOST_SCHEMES = 2

Resolve = Callable[[str], str]


@dataclass(frozen=True)
class ConnectionOverride:
    """A whole connection; None is an empty column."""

    conn_type: str
    description: str | None = None
    host: str | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = None
    port: int | None = None
    extra: str | None = None


@dataclass(frozen=True)
class VariableOverride:
    """A variable, which keeps its description unless another is given."""

    value: str
    description: str | None = None


@dataclass(frozen=True)
class Overrides:
    """Connections by conn_id, and variables by key; None deletes one."""

    connections: Mapping[str, ConnectionOverride | None]
    variables: Mapping[str, VariableOverride | None]


def read_overrides(path: Path, environ: Mapping[str, str]) -> Overrides:
    """Read a file of overrides.

    Args:
        path: YAML (or JSON) with `connections` and `variables` in the shapes of Airflow's own
            files of them.
        environ: Values of `${NAME}` in its strings; `$${NAME}` is the text `${NAME}`.

    Raises:
        SnapshotSettingsError: It cannot be read, an entry is of the wrong type, or a name is not in
            the environment. The message names the entry and never repeats a value.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        msg = f"overrides {path} cannot be read: {reason}"
        raise SnapshotSettingsError(msg) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        msg = f"overrides {path} is no YAML{line}"
        # The parser's own message quotes the line, which may hold a password.
        raise SnapshotSettingsError(msg) from None
    sections = _mapping(content or {}, f"overrides {path}")
    _known(sections, ("connections", "variables"), f"overrides {path}")
    return Overrides(
        connections=dict(_entries(sections, "connections", _connection, environ)),
        variables=dict(_entries(sections, "variables", _variable, environ)),
    )


def apply_overrides(
    connection: Connection, overrides: Overrides, keyring: Keyring
) -> Iterator[AppliedChange]:
    """Write overrides, encrypted if there is a key for it.

    Args:
        connection: In a transaction, with Airflow's schema as its search path.
        overrides: What to write.
        keyring: The key to encrypt with.
    """
    yield from _applied("connection", "conn_id", connection, overrides.connections, keyring)
    yield from _applied("variable", "key", connection, overrides.variables, keyring)


def _applied(
    table: str,
    name_column: str,
    connection: Connection,
    overrides: Mapping[str, ConnectionOverride | None] | Mapping[str, VariableOverride | None],
    keyring: Keyring,
) -> Iterator[AppliedChange]:
    deleted = [name for name, override in overrides.items() if override is None]
    delete = sql.SQL("delete from {} where {} = any(%s)").format(
        sql.Identifier(table), sql.Identifier(name_column)
    )
    cursor = connection.execute(delete, [deleted])
    yield AppliedChange(f"deleted each {table} that the overrides delete", table, cursor.rowcount)
    kept = {name: override for name, override in overrides.items() if override is not None}
    for name, override in kept.items():
        if isinstance(override, ConnectionOverride):
            _write_connection(connection, name, override, keyring)
        else:
            _write_variable(connection, name, override, keyring)
    yield AppliedChange(f"set each {table} that the overrides name", table, len(kept))


def _write_connection(
    connection: Connection, conn_id: str, override: ConnectionOverride, keyring: Keyring
) -> None:
    password, is_encrypted = keyring.write(override.password)
    extra, is_extra_encrypted = keyring.write(override.extra)
    connection.execute(
        "insert into connection (conn_id, conn_type, description, host, schema, login, password,"
        " port, extra, is_encrypted, is_extra_encrypted)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " on conflict (conn_id) do update set conn_type = excluded.conn_type,"
        " description = coalesce(excluded.description, connection.description),"
        " host = excluded.host, schema = excluded.schema, login = excluded.login,"
        " password = excluded.password, port = excluded.port, extra = excluded.extra,"
        " is_encrypted = excluded.is_encrypted, is_extra_encrypted = excluded.is_extra_encrypted",
        [
            *(conn_id, override.conn_type, override.description, override.host, override.schema),
            *(override.login, password, override.port, extra, is_encrypted, is_extra_encrypted),
        ],
    )


def _write_variable(
    connection: Connection, key: str, override: VariableOverride, keyring: Keyring
) -> None:
    value, is_encrypted = keyring.write(override.value)
    connection.execute(
        "insert into variable (key, val, description, is_encrypted) values (%s, %s, %s, %s)"
        " on conflict (key) do update set val = excluded.val, is_encrypted = excluded.is_encrypted,"
        " description = coalesce(excluded.description, variable.description)",
        [key, value, override.description, is_encrypted],
    )


def _entries(
    sections: Mapping[str, Any],
    section: str,
    read: Callable[[Any, str, Resolve], Any],
    environ: Mapping[str, str],
) -> Iterator[tuple[str, Any]]:
    for name, entry in _mapping(sections.get(section) or {}, section).items():
        what = f"{section.removesuffix('s')} {name}"
        if not isinstance(name, str) or not name:
            msg = f"{what}: its name has to be a string in quotes"
            raise SnapshotSettingsError(msg)
        yield name, None if entry is None else read(entry, what, _resolver(environ, what))


def _resolver(environ: Mapping[str, str], what: str) -> Resolve:
    def value(match: re.Match[str]) -> str:
        if match[0].startswith("$$"):
            return match[0][1:]
        if match[1] not in environ:
            msg = f"{what}: {match[1]} is not set in the environment"
            raise SnapshotSettingsError(msg)
        return environ[match[1]]

    return lambda text: _PLACEHOLDER.sub(value, text)


def _connection(entry: object, what: str, resolve: Resolve) -> ConnectionOverride:
    if isinstance(entry, str):
        return _from_uri(_resolved_uri(entry, resolve), what)
    fields = {name: value for name, value in _mapping(entry, what).items() if value is not None}
    _known(fields, (*_TEXTS, "port", "extra"), what)
    texts = {name: _text(fields.get(name), f"{what}: {name}", resolve) for name in _TEXTS}
    conn_type = texts.pop("conn_type")
    if not conn_type:
        msg = f"{what}: conn_type is missing"
        raise SnapshotSettingsError(msg)
    return ConnectionOverride(
        conn_type=conn_type,
        **texts,
        port=_port(fields.get("port"), what, resolve),
        extra=_extra(fields.get("extra"), what, resolve),
    )


def _variable(entry: object, what: str, resolve: Resolve) -> VariableOverride:
    description = None
    if isinstance(entry, dict):
        _known(entry, ("value", "description"), what)
        description = _text(entry.get("description"), f"{what}: description", resolve)
        entry = entry.get("value")
        if entry is None:
            msg = f"{what}: value is missing; to delete the variable, give null in place of it all"
            raise SnapshotSettingsError(msg)
    if isinstance(entry, str):
        return VariableOverride(resolve(entry), description)
    # As `airflow variables import` does.
    return VariableOverride(_json(entry, what, resolve), description)


def _resolved_uri(uri: str, resolve: Resolve) -> str:
    """Put values into a URI, percent-encoded unless the URI begins with one."""
    if _PLACEHOLDER.match(uri):
        return resolve(uri)
    return _PLACEHOLDER.sub(lambda match: quote(resolve(match[0]), safe=""), uri)


def _from_uri(uri: str, what: str) -> ConnectionOverride:
    """Read a connection's URI as Airflow does: `type://[protocol://]login:password@host:port/…`."""
    scheme, separator, rest = uri.partition("://")
    protocol, inner, after = rest.partition("://")
    if not inner or re.search("[/?]", protocol):
        protocol, after = "", rest
    try:
        parts = urlsplit(f"//{after}")
        port = parts.port
    except ValueError:
        separator = ""
    # Airflow refuses these too: the login follows the protocol, of which it takes one.
    is_odd = uri.count("://") > _MOST_SCHEMES or re.search("[@:]", protocol)
    if not scheme or not separator or is_odd:
        msg = f"{what}: it is no URI of a connection: type://login:password@host:port/schema"
        raise SnapshotSettingsError(msg)
    host = unquote(_hostname(parts.netloc)) or None
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra = query.get("__extra__", json.dumps(query) if query else None)
    conn_type = scheme.lower().replace("-", "_")
    return ConnectionOverride(
        conn_type="postgres" if conn_type == "postgresql" else conn_type,
        host=f"{protocol}://{host}" if protocol and host else host,
        schema=unquote(parts.path[1:]) or None,
        login=unquote(parts.username or "") or None,
        password=unquote(parts.password or "") or None,
        port=port,
        extra=_extra(extra, what, str),
    )


def _hostname(netloc: str) -> str:
    """Return the host of a URI with its capitals, which `urlsplit` lowers."""
    address = netloc.rpartition("@")[2]
    bracketed = re.match(r"\[(.*?)\]", address)
    return bracketed[1] if bracketed else address.partition(":")[0]


def _text(value: object, what: str, resolve: Resolve) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        msg = f"{what} has to be a string in quotes"
        raise SnapshotSettingsError(msg)
    return resolve(value)


def _port(value: object, what: str, resolve: Resolve) -> int | None:
    if value is None:
        return None
    text = resolve(value) if isinstance(value, str) else str(value)
    if not text.isdecimal() or int(text) > _HIGHEST_PORT:
        msg = f"{what}: port has to be a number from 0 to {_HIGHEST_PORT}"
        raise SnapshotSettingsError(msg)
    return int(text)


def _extra(value: object, what: str, resolve: Resolve) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict):
        return _json(value, what, resolve)
    text = _text(value, f"{what}: extra", resolve)
    try:
        is_object = isinstance(json.loads(text or "{}"), dict)
    except json.JSONDecodeError:
        is_object = False
    if not is_object:
        msg = f"{what}: extra has to be a mapping, or a JSON object as a string"
        raise SnapshotSettingsError(msg)
    return text


def _json(value: object, what: str, resolve: Resolve) -> str:
    def resolved(part: object) -> object:
        if isinstance(part, str):
            return resolve(part)
        if isinstance(part, dict):
            return {name: resolved(inner) for name, inner in part.items()}
        if isinstance(part, list):
            return [resolved(inner) for inner in part]
        return part

    try:
        return json.dumps(resolved(value))
    except TypeError:
        msg = f"{what}: it holds what JSON cannot, such as a date; put it in quotes"
        raise SnapshotSettingsError(msg) from None


def _mapping(value: object, what: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        msg = f"{what} has to be a mapping"
        raise SnapshotSettingsError(msg)
    return value


def _known(fields: Mapping[Any, Any], names: tuple[str, ...], what: str) -> None:
    unknown = sorted(str(name) for name in fields if name not in names)
    if unknown:
        msg = f"{what}: unknown {', '.join(unknown)}; known are {', '.join(names)}"
        raise SnapshotSettingsError(msg)
