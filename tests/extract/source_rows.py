"""A table as Postgres itself gives it, read without the tap, to compare with what is made of it."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tap_airflow_metadata.catalogue import Column, Table, load_catalogue
from tap_airflow_metadata.cleaning import cleaned
from tap_airflow_metadata.quoting import quoted

Row = dict[str, Any]
Rows = dict[tuple[Any, ...], Row]


def has_row_per_try(version: str) -> bool:
    """Tell whether Airflow keeps every try of a task in one table."""
    return load_catalogue()["task_instance"].columns["working_set"].exists_in(version)


def read(database_url: str, table: Table, version: str) -> Rows:
    """All rows by merge key, in the shape of the raw table, with personal data in clear.

    Columns that are cleaned come as the tap's own rules leave them; those have tests of their own.
    Times are UTC text, uuids text, bytes base64, JSON is parsed. There are none where the version
    has no such table.
    """
    if not table.exists_in(version):
        return {}
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.execute("set time zone 'UTC'")
        query = sql.SQL("select *{} from {}").format(  # the last column of a name counts
            sql.SQL(
                "".join(
                    _cleaned(column)
                    for column in table.columns.values()
                    if column.clean and column.exists_in(version)
                )
            ),  # type: ignore[arg-type]
            sql.Identifier("public", table.name),
        )
        rows = [
            {
                column.name: _as_raw(column, row[column.name])
                if column.exists_in(version)
                else None
                for column in table.raw_columns()
            }
            for row in connection.execute(query)
        ]
        if has_row_per_try(version):
            users = connection.execute("select id, username from ab_user").fetchall()
            _put_user_names(table, rows, {str(user["id"]): user["username"] for user in users})
    return by_key(table, version, rows)


def _put_user_names(table: Table, rows: list[Row], users: dict[str, str]) -> None:
    """Put user names, by their ids, where Airflow 3.4 has the names that users go by."""
    for name in (column.name for column in table.columns.values() if column.shows_name):
        for row in rows:
            shown = row[name]
            if isinstance(shown, dict):
                user = shown.get("id")
                row[name] = {"id": user, "name": users.get(str(user))}
            else:
                row[name] = shown if shown in users.values() else None


def _cleaned(column: Column) -> str:
    assert column.clean is not None
    kind = "json" if column.type == "json" else "text"
    return f", ({cleaned(column.clean, quoted(column.name))})[1]::{kind} as {quoted(column.name)}"


def merge_key(table: Table, version: str) -> tuple[str, ...]:
    """The first of a table's keys whose columns a version has."""
    return next(
        key for key in table.key if all(table.columns[name].exists_in(version) for name in key)
    )


def by_key(table: Table, version: str, rows: list[Row]) -> Rows:
    """Rows by their merge key, which is different for each."""
    key = merge_key(table, version)
    indexed = {tuple(row[name] for name in key): row for row in rows}
    assert len(indexed) == len(rows), f"{table.name}: more than one row for a key"
    return indexed


def _as_raw(column: Column, value: object) -> object:
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
        return moment.astimezone(dt.timezone.utc).isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return base64.encodebytes(value).decode().removesuffix("\n")
    # Where Airflow once had another type.
    return str(value) if column.type == "text" and value is not None else value
