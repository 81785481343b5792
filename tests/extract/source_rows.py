"""A table as Postgres itself gives it, read without the tap, to compare with what the tap sends."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row


def read(database_url: str, table: str, schema: str = "public") -> list[dict[str, Any]]:
    """All rows and columns; times as UTC text, uuids as text, JSON parsed."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.execute("set time zone 'UTC'")
        query = sql.SQL("select * from {}").format(sql.Identifier(schema, table))
        return [
            {name: _plain(value) for name, value in row.items()}
            for row in connection.execute(query)
        ]


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
        return moment.astimezone(dt.timezone.utc).isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value
