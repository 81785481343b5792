"""The check that a database's tables are those of an Airflow that the catalogue knows.

Without it, a table that lacks a key column would lose rows, one without change times would miss
changes, and a renamed column would be null: all without an error.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tap_airflow_metadata.airflow_version import REVISIONS
from tap_airflow_metadata.catalogue import Column, Table, version_tuple
from tap_airflow_metadata.errors import UnknownSchemaError
from tap_airflow_metadata.raw_shape import RAW_TYPES, base_type
from tap_airflow_metadata.read_transaction import SourceColumn

# Made by the FAB provider, whose releases are not Airflow's.
_FAB = re.compile(r"^(ab_|alembic_version_fab$)")
_LISTED_PROBLEMS = 10


@dataclass(frozen=True)
class FoundTable:
    """A table to read, as the database has it.

    Attributes:
        table: Catalogue entry.
        wanted: Columns of the raw table.
        source: Columns of the database; None if it has no such table.
        unique_keys: Columns of each unique index.
    """

    table: Table
    wanted: tuple[Column, ...]
    source: Mapping[str, SourceColumn] | None
    unique_keys: Sequence[frozenset[str]]


def merge_key(table: Table, existing: Collection[str]) -> tuple[str, ...]:
    """Return the key by which the rows of a database are merged.

    Args:
        table: Catalogue entry.
        existing: Names of the columns that the database has.
    """
    return next((key for key in table.key if set(key) <= set(existing)), table.key[0])


def require_known_schema(tables: Iterable[FoundTable], revision: str | None) -> None:
    """Raise an error unless the tables are those of a known Airflow; more columns are fine.

    A known revision must match its release; an unknown one any release that is not older than the
    newest known table or column in it.

    Raises:
        UnknownSchemaError: A table, column or unique index is missing, or a type differs.
    """
    is_known = revision in REVISIONS
    # An unknown Airflow may keep the rows of a missing table elsewhere; for a known one the
    # manifest says that the table does not exist.
    tables = [found for found in tables if found.source is not None or not is_known]
    releases = [REVISIONS[revision or ""]] if is_known else _possible_releases(tables)
    # The likeliest release: the newest of those with the fewest differences.
    problems = min((_differences(tables, release) for release in releases), key=len)
    if not problems:
        return
    listed = "; ".join(problems[:_LISTED_PROBLEMS])
    if len(problems) > _LISTED_PROBLEMS:
        listed = f"{listed}; and {len(problems) - _LISTED_PROBLEMS} more"
    if is_known:
        msg = (
            f"The schema has revision {revision}, of Airflow {releases[0]}, but is not what"
            f" Airflow's migrations make: {listed}. Nothing was read. Finish or repair the upgrade"
            " of Airflow, or leave these tables out with the setting tables"
        )
    else:
        msg = (
            f"The schema has the unknown revision {revision}, of a newer or patched Airflow, and"
            f" cannot be read as one that is known: {listed}. Nothing was read. Upgrade this"
            " project to a version that knows this Airflow, or leave these tables out with the"
            " setting tables"
        )
    raise UnknownSchemaError(msg)


def _possible_releases(tables: Iterable[FoundTable]) -> list[str]:
    """Return the releases, newest first, that the tables of an unknown revision may match."""
    since: list[str | None] = []
    for found in tables:
        if found.source and not _FAB.match(found.table.name):
            columns = found.table.columns
            since += [found.table.since, *(columns[n].since for n in found.source if n in columns)]
    oldest = max((version_tuple(version) for version in since if version), default=())
    return [release for release in reversed(REVISIONS.values()) if version_tuple(release) >= oldest]


def _differences(tables: Iterable[FoundTable], release: str) -> list[str]:
    return [problem for found in tables for problem in _table_differences(found, release)]


def _table_differences(found: FoundTable, release: str) -> list[str]:
    table = found.table
    if table.exists_in(release) and not _FAB.match(table.name):
        return list(_problems(found, release))
    if found.source is None:
        return []
    # A provider's, or left by an upgrade: may be as in any release.
    releases = [other for other in reversed(REVISIONS.values()) if table.exists_in(other)]
    return min((list(_problems(found, other)) for other in releases), key=len)


def _problems(found: FoundTable, release: str) -> Iterator[str]:
    table, source = found.table, found.source
    if source is None:
        yield f"there is no table {table.name}"
        return
    wanted = [column for column in found.wanted if column.exists_in(release)]
    for column in wanted:
        if column.name not in source:
            yield f"{table.name} has no column {column.name}{_role(table, column.name, release)}"
        elif (
            base_type(source[column.name].postgres_type) not in RAW_TYPES[column.type].source_types
        ):
            found_type = source[column.name].postgres_type
            yield f"{table.name}.{column.name} is {found_type}, which is not read as {column.type}"
    key = merge_key(table, source)
    if not set(key) <= source.keys():
        return
    named = f"({', '.join(key)})"
    for name in key:
        if source[name].is_nullable:
            yield f"{table.name}.{name} may be null, but is part of the key {named}"
    if not any(unique <= set(key) for unique in found.unique_keys):
        yield f"{table.name} may have several rows for one key {named}: no unique index forbids it"


def _role(table: Table, column: str, release: str) -> str:
    """Return for what a missing column is needed, if it decides which rows are read."""
    existing = {name for name, entry in table.columns.items() if entry.exists_in(release)}
    if column in merge_key(table, existing):
        return ", which is part of its key"
    if table.change and column in table.change.columns:
        return ", which shows its changes"
    if table.change and table.change.open and column == "state":
        return ", which shows what may still change"
    return ""
