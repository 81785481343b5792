"""The tap's settings, checked and resolved against the catalogue before anything is read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tap_airflow_metadata.catalogue import Table
from tap_airflow_metadata.database_url import libpq_url
from tap_airflow_metadata.errors import TapSettingsError

Mode = Literal["merge", "mirror", "append"]
Pii = Literal["usernames", "hashed", "full"]
CountRows = Literal["always", "full_reads"]

# More would only be more load: a database has a few big tables, and a tap a few cores.
_MOST_CONNECTIONS = 16

# At most 48 characters: `airflow_<slug>_export`, the longest schema named after it, then has 63, as
# many as PostgreSQL takes, and less than any warehouse does. Each package has the pattern, because
# none imports another; tests/project/test_shared_facts.py compares them.
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")


@dataclass(frozen=True)
class Settings:
    """What to read, from where, and how.

    Attributes:
        database_url: libpq address of the metadata database; may hold a password.
        environment_slug: Short name of the Airflow environment.
        source_schema: Postgres schema with Airflow's tables.
        tables: Tables to read, in the catalogue's order.
        include_columns: Withheld columns to read nevertheless, by table.
        mode: ``merge``, ``mirror`` or ``append``.
        pii: ``usernames``, ``hashed`` or ``full``.
        pii_salt: Salt of the hashes; empty unless ``pii`` is ``hashed``.
        lookback_seconds: How far before the last sync a change is read again.
        statement_timeout_seconds: Longest time for one query; 0 for no limit.
        lock_timeout_seconds: Longest wait for a lock; 0 for no limit.
        skip_unreadable_tables: Warn of tables the login may not read, and leave them out.
        connections: How many connections may read side by side.
        count_rows: ``always``: every sync counts the rows of every table. ``full_reads``: only of
            those that it reads whole.
    """

    database_url: str = field(repr=False)
    environment_slug: str
    source_schema: str
    tables: tuple[Table, ...]
    include_columns: dict[str, frozenset[str]]
    mode: Mode
    pii: Pii
    pii_salt: str = field(repr=False)
    lookback_seconds: int
    statement_timeout_seconds: int
    lock_timeout_seconds: int
    skip_unreadable_tables: bool
    connections: int
    count_rows: CountRows

    def with_tables(self, tables: tuple[Table, ...]) -> Settings:
        """Return the same settings for other tables."""
        return replace(self, tables=tables)


def _closest(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {close[0]}?" if close else ""


def select_tables(
    catalogue: Mapping[str, Table],
    tables: list[str] | None,
    additional_tables: list[str] | None,
) -> tuple[Table, ...]:
    """Return the tables to read, in the catalogue's order.

    Args:
        catalogue: All catalogued tables by name.
        tables: Names that replace the default set; None keeps it, an empty list means every
            table that may be read at all.
        additional_tables: Names to add to it.

    Raises:
        TapSettingsError: A name is not in the catalogue, or its table is never read.
    """
    readable = [table for table in catalogue.values() if table.read != "never"]
    if tables is None:
        chosen = {table.name for table in readable if table.read == "default"}
    elif not tables:
        chosen = {table.name for table in readable}
    else:
        chosen = set(tables)
    named = {"tables": tables or [], "additional_tables": additional_tables or []}
    for setting, names in named.items():
        for name in names:
            if name not in catalogue:
                hint = _closest(name, [table.name for table in readable])
                msg = f"{setting} names {name!r}, which is no table of Airflow 2.4 to 3.4.{hint}"
                raise TapSettingsError(msg)
            if catalogue[name].read == "never":
                msg = f"{setting} names {name!r}, which is never read: {catalogue[name].reason}"
                raise TapSettingsError(msg)
    chosen.update(additional_tables or [])
    return tuple(table for table in readable if table.name in chosen)


def included_columns(
    catalogue: Mapping[str, Table], entries: list[str]
) -> dict[str, frozenset[str]]:
    """Return the withheld columns to read, by table.

    Args:
        catalogue: All catalogued tables by name.
        entries: ``table.column`` each.

    Raises:
        TapSettingsError: A column is not in the catalogue, or it is secret.
    """
    included: dict[str, set[str]] = {}
    for entry in entries:
        table_name, _, column_name = entry.partition(".")
        table = catalogue.get(table_name)
        column = table.columns.get(column_name) if table else None
        if table is None or column is None:
            names = [f"{t.name}.{c}" for t in catalogue.values() for c in t.columns]
            msg = (
                f"include_columns names {entry!r}, which is no column of Airflow 2.4 to 3.4;"
                f" write table.column.{_closest(entry, names)}"
            )
            raise TapSettingsError(msg)
        if column.access == "secret" or table.read == "never":
            why = column.reason or table.reason
            msg = f"include_columns names {entry!r}, which is never read: {why}"
            raise TapSettingsError(msg)
        included.setdefault(table_name, set()).add(column_name)
    return {name: frozenset(columns) for name, columns in included.items()}


def settings_from_config(config: Mapping[str, Any], catalogue: Mapping[str, Table]) -> Settings:
    """Check the tap's configuration and resolve it against the catalogue.

    Raises:
        TapSettingsError: A setting is missing or wrong; the message names it and says what to do.
    """
    slug = (config.get("environment_slug") or "").strip()
    if not _SLUG.fullmatch(slug):
        problem = f"environment_slug is {slug!r}" if slug else "environment_slug is not set"
        msg = (
            f"{problem}. Set ENVIRONMENT_SLUG to a short name of this Airflow environment, of lower"
            " case letters, digits, - and _, such as production; it names the warehouse schema"
        )
        raise TapSettingsError(msg)
    pii: Pii = config.get("pii") or "usernames"
    salt = config.get("pii_salt") or ""
    if pii == "hashed" and len(salt) < 8:  # noqa: PLR2004
        msg = (
            "pii is hashed, which needs a pii_salt of at least 8 characters: set"
            " TAP_AIRFLOW_METADATA_PII_SALT to a random text and keep it, because another salt"
            " gives other hashes"
        )
        raise TapSettingsError(msg)
    connections = config.get("connections", 1)
    if not 1 <= connections <= _MOST_CONNECTIONS:
        msg = (
            f"connections is {connections}. Set TAP_AIRFLOW_METADATA_CONNECTIONS to how many"
            f" connections may read side by side, 1 to {_MOST_CONNECTIONS}"
        )
        raise TapSettingsError(msg)
    return Settings(
        database_url=libpq_url(config.get("database_url") or ""),
        environment_slug=slug,
        source_schema=config.get("source_schema") or "public",
        tables=select_tables(catalogue, config.get("tables"), config.get("additional_tables")),
        include_columns=included_columns(catalogue, config.get("include_columns") or []),
        mode=config.get("mode") or "merge",
        pii=pii,
        pii_salt=salt if pii == "hashed" else "",
        lookback_seconds=config["lookback_seconds"],
        statement_timeout_seconds=config["statement_timeout_seconds"],
        lock_timeout_seconds=config["lock_timeout_seconds"],
        skip_unreadable_tables=bool(config.get("skip_unreadable_tables")),
        connections=connections,
        count_rows=config.get("count_rows") or "always",
    )
