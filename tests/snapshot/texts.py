"""Where in a database a text stands."""

from __future__ import annotations

import psycopg


def with_text(connection: psycopg.Connection, text: str) -> set[tuple[str, str]]:
    """The columns, as table and name, that hold a text, or its bytes, in a row."""
    found = set()
    query = (
        "select table_name, array_agg(array[column_name::text, data_type::text])"
        " from information_schema.columns where table_schema = 'public' group by 1"
    )
    for table, columns in connection.execute(query).fetchall():
        counts = ", ".join(
            f"count(*) filter (where {_holds(name, data_type, text)})"
            for name, data_type in columns
        )
        [row] = connection.execute(f'select {counts} from "{table}"').fetchall()
        found |= {(table, name) for (name, _), count in zip(columns, row, strict=True) if count}
    return found


def _holds(column: str, data_type: str, text: str) -> str:
    # Only bytes are asked for their digits: an accidental identifier may have the same.
    if data_type == "bytea":
        return f"position('{text}'::bytea in \"{column}\") > 0"
    return f"\"{column}\"::text like '%{text}%'"
