"""Rows for every table of a captured schema, made inside Postgres from the column types alone."""

from __future__ import annotations

import re

import psycopg
from psycopg import sql

from tests.real_airflow.captured import CapturedSchema, CapturedTable

# Awkward on purpose: quotes, backslashes, both newlines, no ASCII, more than one code unit.
_TEXT = "E'it''s \"odd\" \\\\ \\n\\r\\t é ü 漢 🚀 '"
_STATES = "(array['success', 'failed', 'running', 'queued', 'up_for_retry', 'skipped', null])"
_BASE = "timestamptz '2026-03-28 23:59:58.123457+00'"


def _is_unique(table: CapturedTable, column: str) -> bool:
    return column in table.primary_key or any(column in columns for columns in table.unique)


def _value(name: str, declaration: str) -> str:
    """SQL for a value that differs from row to row `i`."""
    kind = declaration.removesuffix(" not null")
    length = re.search(r"character varying\((\d+)\)", kind)
    if name == "state" and length:
        state = f"left({_STATES}[1 + i % 7], {length[1]})"
        return f"coalesce({state}, 'none')" if declaration.endswith("not null") else state
    if length:
        return f"left(i || {_TEXT} || '{name}', {length[1]})"
    values = {
        "text": f"i || {_TEXT} || repeat('x', i % 3000)",
        "character varying": f"i || {_TEXT}",
        "smallint": "(i % 32000)::smallint",
        "integer": "i::integer",
        "bigint": "i + 9007199254740993",
        "double precision": "i / 3.0::double precision",
        "real": "(i / 4.0)::real",
        "boolean": "i % 2 = 0",
        "uuid": f"md5(i || '{name}')::uuid",
        "bytea": f"convert_to(i || {_TEXT}, 'UTF8')",
        "json": f"json_build_object('i', i, 'text', {_TEXT}, 'list', array[1, null, i], 'n', 1.10)",
        "jsonb": f"jsonb_build_object('i', i, 'text', {_TEXT}, 'none', null, 'i', i::text)",
        "timestamp with time zone": f"{_BASE} + i * interval '1 hour 0.000001 second'",
        "timestamp without time zone": f"({_BASE} + i * interval '7 minutes')::timestamp",
    }
    return values[kind]


def fill(
    schema: CapturedSchema,
    database_url: str,
    rows: int,
    markers: dict[str, dict[str, str]] | None = None,
) -> None:
    """Insert generated rows into every table but Alembic's.

    A nullable column that no key holds is null in every fifth row.

    Args:
        schema: The tables, as `recreate` made them.
        database_url: Their database.
        rows: Rows per table.
        markers: Text to write in place of a generated value, by table and column; every row.
    """
    with psycopg.connect(database_url) as connection:
        for name, table in schema.tables.items():
            if name in schema.revisions:
                continue
            expressions = []
            for column, declaration in table.columns.items():
                marker = (markers or {}).get(name, {}).get(column)
                if marker is not None:
                    expressions.append(_marked(marker, declaration))
                    continue
                value = _value(column, declaration)
                if not declaration.endswith("not null") and not _is_unique(table, column):
                    value = f"case when (i + {len(expressions)}) % 5 > 0 then {value} end"
                expressions.append(value)
            insert = sql.SQL("insert into {} select {} from generate_series(1, {}) as i").format(
                sql.Identifier(name),
                sql.SQL(", ".join(expressions)),  # type: ignore[arg-type]
                sql.Literal(rows),
            )
            connection.execute(insert)


def _marked(marker: str, declaration: str) -> str:
    kind = declaration.removesuffix(" not null")
    text = f"i || '{marker}'"
    length = re.search(r"\((\d+)\)", kind)
    if kind == "bytea":
        return f"convert_to({text}, 'UTF8')"
    if kind in {"json", "jsonb"}:
        return f"to_{kind}(({text})::text)"
    if length:
        return f"left({text}, {length[1]})"
    if kind in {"text", "character varying"}:
        return text
    # Numbers, flags and times cannot hold a text.
    return "null" if not declaration.endswith("not null") else "i"
