"""The catalogue: what is known about every table of an Airflow metadata database.

Each table is one reviewed data file, ``tables/<table>.yml``; docs/architecture.md describes its
format. Nothing that the catalogue does not list is ever read.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, get_args

import yaml

from tap_airflow_metadata.cleaning import RULES, Rule

ColumnType = Literal["integer", "number", "text", "boolean", "timestamp", "json", "uuid", "bytes"]
Access = Literal["read", "withheld", "secret"]
Personal = Literal["username", "named_username", "identity", "mention"]
Read = Literal["default", "optional", "never"]

# What every staging model has before and after the columns of its table.
STAGING_BEGINS_WITH = ("environment_slug",)
STAGING_ENDS_WITH = ("extracted_at", "is_deleted_at_source", "deleted_at_source_at")


@functools.cache
def version_tuple(version: str) -> tuple[int, ...]:
    """Return ``"2.10.5"`` as ``(2, 10, 5)``; a prerelease as the release that it becomes."""
    return tuple(int(part) for part in re.sub(r"(a|b|rc)\d+$", "", version).split("."))


def _exists_in(since: str | None, until: str | None, version: str) -> bool:
    wanted = version_tuple(version)
    if since and wanted < version_tuple(since):
        return False
    # "2.11" as the last version covers every 2.11.x.
    return not (until and wanted[: len(version_tuple(until))] > version_tuple(until))


@dataclass(frozen=True)
class Column:
    """One column of a table, over all supported Airflow versions.

    Attributes:
        name: Column name in Airflow's database and in the warehouse.
        type: Type in the raw tables; see docs/architecture.md.
        access: ``read``, ``withheld`` (only when the user names it) or ``secret`` (never).
        reason: Why the column is withheld, secret or cleaned; None for any other.
        since: First Airflow version with the column; None for 2.4 or older.
        until: Last Airflow version with the column; None if the newest has it.
        personal: Which rule of the ``pii`` setting applies; None if nobody is named in it.
        clean: What is cut out of every value, in the query; None if nothing is.
        shows_name: Whether Airflow writes the name that a user goes by there since 3.4, first and
            last name with FAB, and the user name before.
        alias: Name in staging, ``as`` in the file; None if it is the same. Columns of one alias
            replace each other over the versions: in staging they are one.
        doc: The dbt doc block that describes it in staging; None for the one of its name there.
    """

    name: str
    type: ColumnType
    access: Access = "read"
    reason: str | None = None
    since: str | None = None
    until: str | None = None
    personal: Personal | None = None
    clean: Rule | None = None
    shows_name: bool = False
    alias: str | None = None
    doc: str | None = None

    @property
    def staging_name(self) -> str:
        """Name in the staging model."""
        return self.alias or self.name

    def exists_in(self, version: str) -> bool:
        """Say whether Airflow ``version`` has this column (if it has the table)."""
        return _exists_in(self.since, self.until, version)


@dataclass(frozen=True)
class ChangeTracking:
    """How a changed row of a table shows.

    Attributes:
        columns: Time columns; a row changed if any is at or after the last sync, or all are null.
        open: Values of ``state`` whose rows may still change; a null state counts as open. Empty
            for a table whose rows need no such rule.
        open_where: Name of a flag without which a row does not change any more, whatever its
            state; None if there is none. Airflow versions without the column have no such rows.
    """

    columns: tuple[str, ...]
    open: tuple[str, ...] = ()
    open_where: str | None = None


@dataclass(frozen=True)
class Table:
    """One table of the metadata database, over all supported Airflow versions.

    Attributes:
        name: Table name.
        description: What one row is.
        read: ``default``, ``optional`` (only when named) or ``never``.
        reason: Why the table is never read; None otherwise.
        since: First Airflow version with the table; None for 2.4 or older.
        until: Last Airflow version with the table; None if the newest has it.
        key: Alternative merge keys; the first whose columns a database has is used.
        change: How a change shows; None for a table that is read whole every time.
        columns: All columns of all versions, by name, in the order of the raw table.
    """

    name: str
    description: str
    read: Read
    reason: str | None
    since: str | None
    until: str | None
    key: tuple[tuple[str, ...], ...]
    change: ChangeTracking | None
    columns: dict[str, Column]

    def exists_in(self, version: str) -> bool:
        """Say whether Airflow ``version`` has this table."""
        return _exists_in(self.since, self.until, version)

    def raw_columns(self, include: frozenset[str] = frozenset()) -> tuple[Column, ...]:
        """Return the columns of the raw table: the same for every Airflow version.

        Args:
            include: Names of withheld columns that the user asked for.
        """
        return tuple(
            column
            for column in self.columns.values()
            if column.access == "read" or (column.access == "withheld" and column.name in include)
        )

    def staging_columns(self) -> dict[str, list[Column]]:
        """Return the columns of the staging model: name and what it is taken from, newest first."""
        columns: dict[str, list[Column]] = {}
        for column in self.raw_columns():
            columns.setdefault(column.staging_name, []).insert(0, column)
        return columns


def _parse_column(table: str, name: str, entry: dict[str, Any]) -> Column:
    column = Column(name=name, alias=entry.pop("as", None), **entry)
    problems = [
        problem
        for problem, wrong in (
            (f"type {column.type!r}", column.type not in get_args(ColumnType)),
            (f"access {column.access!r}", column.access not in get_args(Access)),
            (f"personal {column.personal!r}", column.personal not in {None, *get_args(Personal)}),
            (f"clean {column.clean!r}", column.clean not in {None, *RULES}),
            ("no reason for its access", column.access != "read" and not column.reason),
            ("no reason for cleaning it", column.clean and not column.reason),
        )
        if wrong
    ]
    if problems:
        msg = f"Catalogue entry {table}.{name}: {', '.join(problems)}"
        raise ValueError(msg)
    return column


def parse_table(name: str, entry: dict[str, Any]) -> Table:
    """Build a table from the content of its YAML file.

    Raises:
        ValueError: The entry breaks a rule of the catalogue; the message names it.
    """
    columns = {
        column: _parse_column(name, column, details)
        for column, details in entry.pop("columns", {}).items()
    }
    key = entry.pop("key", [])
    alternatives = key if key and isinstance(key[0], list) else [key]
    change = entry.pop("change", None)
    table = Table(
        name=name,
        description=entry.pop("description"),
        read=entry.pop("read"),
        reason=entry.pop("reason", None),
        since=entry.pop("since", None),
        until=entry.pop("until", None),
        key=tuple(tuple(alternative) for alternative in alternatives),
        change=ChangeTracking(
            tuple(change["columns"]), tuple(change.get("open", ())), change.get("open_where")
        )
        if change
        else None,
        columns=columns,
    )
    if entry:
        msg = f"Catalogue entry {name}: unknown settings {sorted(entry)}"
        raise ValueError(msg)
    _check_table(table)
    _check_staging(table)
    return table


def _check_table(table: Table) -> None:
    if table.read not in get_args(Read):
        msg = f"Catalogue entry {table.name}: read {table.read!r}"
        raise ValueError(msg)
    if (table.read == "never") != bool(table.reason):
        msg = f"Catalogue entry {table.name}: exactly the tables never read have a reason"
        raise ValueError(msg)
    readable = {column.name for column in table.raw_columns()}
    if table.read != "never" and not (table.key and all(table.key)):
        msg = f"Catalogue entry {table.name}: no key"
        raise ValueError(msg)
    for column in {column for alternative in table.key for column in alternative}:
        if table.read != "never" and column not in readable:
            msg = f"Catalogue entry {table.name}: key column {column} is not read"
            raise ValueError(msg)
    for column in table.change.columns if table.change else ():
        if column not in readable or table.columns[column].type != "timestamp":
            msg = f"Catalogue entry {table.name}: change column {column} is no readable timestamp"
            raise ValueError(msg)
    if table.change and table.change.open and "state" not in readable:
        msg = f"Catalogue entry {table.name}: open states need a readable column state"
        raise ValueError(msg)
    flag = table.change.open_where if table.change else None
    if flag and (flag not in readable or table.columns[flag].type != "boolean"):
        msg = f"Catalogue entry {table.name}: open_where {flag} is no readable flag"
        raise ValueError(msg)


def _check_staging(table: Table) -> None:
    for column in table.columns.values():
        entry = f"Catalogue entry {table.name}.{column.name}"
        if (column.alias or column.doc) and (table.read, column.access) != ("default", "read"):
            msg = f"{entry}: as and doc are for staging, which does not have this column"
            raise ValueError(msg)
        if column.alias == column.name:
            msg = f"{entry}: as is only for a name that differs"
            raise ValueError(msg)
        if column.staging_name in (*STAGING_BEGINS_WITH, *STAGING_ENDS_WITH):
            msg = f"{entry}: every staging model has a column {column.staging_name} already"
            raise ValueError(msg)
    for name, columns in table.staging_columns().items():
        for newer, column in itertools.pairwise(columns):
            if newer.type != column.type or not (
                newer.since
                and column.until
                and version_tuple(column.until) < version_tuple(newer.since)
            ):
                msg = (
                    f"Catalogue entry {table.name}: {column.name} and {newer.name} are both {name}"
                    " in staging; they have to be of one type and never in one version"
                )
                raise ValueError(msg)


@functools.cache
def load_catalogue() -> dict[str, Table]:
    """Return every catalogued table by name, sorted.

    Raises:
        ValueError: An entry breaks a rule of the catalogue; the message names it.
    """
    folder = resources.files("tap_airflow_metadata") / "tables"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads 80 files 10 x faster
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yml")), key=str)
    return {
        name: parse_table(name, yaml.load(file.read_text(encoding="utf-8"), Loader=loader))  # noqa: S506
        for file in files
        for name in [file.name.removesuffix(".yml")]
    }
