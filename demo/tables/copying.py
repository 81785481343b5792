"""Put rows into tables."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from demo.present import dice

if TYPE_CHECKING:
    from typing_extensions import LiteralString

Row = dict[str, Any]
Connection = psycopg.Connection[tuple[Any, ...]]


def copy_rows(connection: Connection, table: str, rows: Iterable[Row]) -> int:
    """Add rows to a table, by COPY and so with every constraint checked.

    Args:
        connection: Where.
        table: Which table.
        rows: All with the same columns; dictionaries and lists become JSON.

    Returns:
        How many there were.
    """
    rows = list(rows)
    if not rows:
        return 0
    columns = list(rows[0])
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_plain(row[column]) for column in columns])
    return len(rows)


def look_up(connection: Connection, query: LiteralString) -> dict[str, Any]:
    """What a query of two columns yields: the second by the first."""
    return {name: value for name, value in connection.execute(query).fetchall()}  # noqa: C416


def has_table(connection: Connection, name: str) -> bool:
    """Whether the database, which may be of an older Airflow, has a table."""
    (oid,) = connection.execute("select to_regclass(%s)", (name,)).fetchone() or (None,)
    return oid is not None


def advance_sequences(connection: Connection) -> None:
    """Let every table's next number follow its highest one.

    Airflow names each sequence after its table; those of FAB belong to no column.
    """
    found = connection.execute(
        "select sequencename::text from pg_sequences where schemaname = 'public'"
    ).fetchall()
    for (sequence,) in found:
        query = sql.SQL("select setval({}, coalesce(max(id), 0) + 1, false) from {}")
        table = sql.Identifier(sequence.removesuffix("_id_seq"))
        connection.execute(query.format(sequence, table))


def time_ordered_uuid(moment: datetime, *names: object) -> uuid.UUID:
    """A UUID of version 7, as Airflow 3 makes them, for a moment and always the same subject."""
    chance = dice("uuid", moment, *names)
    milliseconds = int(moment.timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | chance.getrandbits(12) << 64
    return uuid.UUID(int=value | 0b10 << 62 | chance.getrandbits(62))


def random_uuid(*names: object) -> uuid.UUID:
    """A UUID of version 4 that is always the same for one subject."""
    return uuid.UUID(int=dice("uuid", *names).getrandbits(128), version=4)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    return json.dumps(value) if isinstance(value, dict | list) else value
