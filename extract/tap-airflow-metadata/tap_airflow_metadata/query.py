"""The SQL that reads one table: allow-listed columns only, each in its raw type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tap_airflow_metadata.catalogue import Column, Table
from tap_airflow_metadata.cleaning import cleaned
from tap_airflow_metadata.quoting import literal, quoted
from tap_airflow_metadata.raw_shape import RAW_TYPES, base_type
from tap_airflow_metadata.settings import Pii

if TYPE_CHECKING:
    # It imports this module.
    from tap_airflow_metadata.read_transaction import SourceColumn

# Name of the session setting that carries the salt, so that it stands in no query text.
SALT_SETTING = "airflow_audit.pii_salt"

# Additional column of a query that cleans: 0 if every value is sent as it is, 1 if something was
# cut out, 2 if that included something that no rule knows.
FOUND = "_found_by_cleaning"

# What follows the user name in `jane (Jane Doe)`.
_FULL_NAME = r" \(.*\)$"


@dataclass(frozen=True)
class Source:
    """A table as a database has it.

    Attributes:
        schema: Its Postgres schema.
        types: Type of every column by name, as Postgres' ``format_type`` names it.
        users: SQL of the users that are known, with ``id`` and ``username``, if names that they go
            by may stand where their user names should; None if there are none such.
    """

    schema: str
    types: Mapping[str, str]
    users: str | None = None


def known_users(found: Mapping[str, Mapping[str, SourceColumn]], schema: str) -> str | None:
    """Return SQL of FAB's users, None if names that are shown are user names.

    Other auth managers show the user name, unless they say otherwise.
    """
    users = found.get("ab_user")
    if users is None or "working_set" not in found.get("task_instance", {}):
        return None
    if users["id"].is_readable and users["username"].is_readable:
        return f'{quoted(schema)}."ab_user"'
    return "(select null as id, null as username where false)"


def _user_name(column: Column, users: str) -> str:
    """Return SQL for the user name in place of a name that is shown; null if it is unknown."""
    name = quoted(column.name)
    of_user = f"select users.username from {users} as users where"
    if column.type != "json":
        return f"({of_user} users.username = {name})"
    known = (
        f"jsonb_build_object('id', {name} ->> 'id', 'name',"
        f" ({of_user} users.id::text = {name} ->> 'id'))"
    )
    is_named = f"jsonb_typeof({name}::jsonb) = 'object'"
    return f"case when {is_named} then {known}::text else {name}::text end"


def _expression(column: Column, postgres_type: str) -> str:
    """Return SQL for the column's value in a type that the raw type can take.

    Args:
        column: Catalogue entry.
        postgres_type: Its type in this database, as Postgres' ``format_type`` names it; it differs
            between Airflow versions (run configuration was bytea before 3.0 and is jsonb since).
    """
    name = quoted(column.name)
    base = base_type(postgres_type)
    if base == "bytea":
        encoded = f"encode({name}, 'base64')"
        return f"to_json({encoded})::text" if column.type == "json" else encoded
    if column.type == "timestamp":
        # Airflow's few columns without a time zone hold UTC.
        return name if postgres_type.endswith("with time zone") else f"{name} at time zone 'UTC'"
    if column.type == "json":
        return f"{name}::text" if base in {"json", "jsonb"} else f"to_json({name})::text"
    raw = RAW_TYPES[column.type]
    return name if base in raw.uncast_types else f"{name}::{raw.cast}"


def _protected(column: Column, expression: str, pii: Pii) -> str | None:
    """Return the expression as the ``pii`` setting allows it, None if it is not read."""
    if column.personal is None or pii == "full":
        return expression
    if column.personal == "named_username":
        # Few have one, and looking for the end is several times cheaper than the pattern.
        without = f"regexp_replace({expression}, {literal(_FULL_NAME)}, '')"
        expression = f"case when {expression} like '%)' then {without} else {expression} end"
    if pii == "hashed" and column.personal != "mention":
        salted = f"current_setting('{SALT_SETTING}') || ({expression})::text"
        return f"encode(sha256(convert_to({salted}, 'UTF8')), 'hex')"
    if pii == "usernames" and column.personal != "identity":
        return expression
    return None


def is_read(column: Column, pii: Pii) -> bool:
    """Return whether the ``pii`` setting lets a column into a query at all."""
    return _protected(column, "", pii) is not None


@dataclass(frozen=True)
class Query:
    """How to read one table.

    Attributes:
        sql: A ``select`` of the columns that are read, in the raw table's order.
        selected: Names of those columns; the other columns of the raw table are null.
    """

    sql: str
    selected: tuple[str, ...]


@dataclass(frozen=True)
class BlockRange:
    """Blocks of a table, as it lies on the server's disk.

    Attributes:
        first: Number of the first.
        end: Number of the block after the last; None for all that there are.
    """

    first: int
    end: int | None

    @property
    def condition(self) -> str:
        """SQL for the rows in them."""
        upper = f" and ctid < '({self.end},0)'" if self.end is not None else ""
        return f"ctid >= '({self.first},0)'{upper}"

    @staticmethod
    def partition(block_count: int, ranges: int) -> list[BlockRange]:
        """Return ranges of about the same size; each block is in exactly one."""
        firsts = sorted({block_count * number // ranges for number in range(ranges)})
        return [BlockRange(*pair) for pair in zip(firsts, [*firsts[1:], None], strict=True)]


@dataclass
class CleaningCounts:
    """How many rows of a table held something that may not leave the database.

    Attributes:
        cleaned_rows: Rows with something cut out.
        unknown_rows: Those of them with something that no rule knows.
    """

    cleaned_rows: int = 0
    unknown_rows: int = 0

    def add(self, other: CleaningCounts) -> None:
        """Add those of other rows."""
        self.cleaned_rows += other.cleaned_rows
        self.unknown_rows += other.unknown_rows

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Count while passing the batches on."""
        for batch in batches:
            if FOUND in batch.schema.names:
                found = batch.column(FOUND)
                self.cleaned_rows += pc.sum(pc.greater(found, 0)).as_py() or 0
                self.unknown_rows += pc.sum(pc.equal(found, 2)).as_py() or 0
            yield batch


def _changed(table: Table, postgres_types: Mapping[str, str], since: datetime) -> str | None:
    """Return the condition for rows that changed since then or may still change."""
    if table.change is None:
        return None
    columns = [name for name in table.change.columns if name in postgres_types]
    if not columns:
        return None
    moment = f"timestamptz '{since.astimezone(timezone.utc).isoformat()}'"
    times = [_expression(table.columns[name], postgres_types[name]) for name in columns]
    conditions = [f"{time} >= {moment}" for time in times]
    conditions.append("(" + " and ".join(f"{time} is null" for time in times) + ")")
    if table.change.open and "state" in postgres_types:
        states = ", ".join(literal(state) for state in table.change.open)
        is_open = f'"state" is null or "state" in ({states})'
        flag = table.change.open_where
        if flag and flag in postgres_types:
            is_open = f"{quoted(flag)} and ({is_open})"
        conditions.append(is_open)
    return " or ".join(conditions)


def select(
    table: Table,
    columns: tuple[Column, ...],
    source: Source,
    pii: Pii,
    changed_since: datetime | None,
    blocks: BlockRange | None = None,
) -> Query:
    """Return the query for one table of one database.

    Args:
        table: Catalogue entry.
        columns: Columns of the raw table.
        source: The table in this database.
        pii: Setting for personal data.
        changed_since: Read only rows that changed since then or are open; None reads all.
        blocks: Of all rows, read only those in these blocks of the table.
    """
    expressions: dict[str, str] = {}
    cleanings: dict[str, str] = {}
    for column in columns:
        if column.name not in source.types:
            continue
        expression = _expression(column, source.types[column.name])
        if column.shows_name and source.users:
            expression = _user_name(column, source.users)
        protected = _protected(
            column, f"{_cleaned_name(column)}[1]" if column.clean else expression, pii
        )
        if protected is not None:
            expressions[column.name] = protected
            if column.clean:
                cleanings[_cleaned_name(column)] = cleaned(column.clean, expression)
    rows = f"{quoted(source.schema)}.{quoted(table.name)}"
    condition = _changed(table, source.types, changed_since) if changed_since else None
    if condition:
        rows = f"{rows} where {condition}"
    elif blocks:
        rows = f"{rows} where {blocks.condition}"
    values = [f"{expression} as {quoted(name)}" for name, expression in expressions.items()]
    if cleanings:
        # A subquery cleans each value once, for the value and for the count. It names the columns,
        # because the login may not read others.
        named = [quoted(name) for name in expressions]
        named += [f"{expression} as {name}" for name, expression in cleanings.items()]
        rows = f"(select {', '.join(named)} from {rows} offset 0) as {quoted(table.name)}"
        values.append(f"{_found(cleanings)} as {quoted(FOUND)}")
    return Query(f"select {', '.join(values)} from {rows}", tuple(expressions))


def _cleaned_name(column: Column) -> str:
    return quoted(f"{column.name} cleaned")


def _found(names: Iterable[str]) -> str:
    """Return SQL for what cleaning found in a row; see :data:`FOUND`."""
    found = (f"case {name}[2] when 'unknown' then 2 when 'cut' then 1 else 0 end" for name in names)
    return f"greatest({', '.join(found)})"
