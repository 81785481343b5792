"""What is made from the catalogue for other stages; ``make generate`` writes the files again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import yaml

from tap_airflow_metadata.airflow_version import REVISIONS
from tap_airflow_metadata.catalogue import Column, Table, load_catalogue
from tap_airflow_metadata.cleaning import Rule, cleaned
from tap_airflow_metadata.manifest import MANIFEST
from tap_airflow_metadata.quoting import quoted
from tap_airflow_metadata.raw_shape import DELETED_AT, EXTRACTED_AT, RAW_TYPES

_HEADER = "# Made from the catalogue by `make generate`; do not edit.\n"
_INTRODUCTION = (
    "Only the columns listed here are ever in a query. A *withheld* column is read only when"
    " `include_columns` names it; a *secret* one never; of a *cleaned* one only what is known to be"
    " harmless leaves the database. Tables marked *default* are read unless"
    " `tables` says otherwise, the others when they are named."
)
_SQL_TYPES = {name: raw.sql for name, raw in RAW_TYPES.items()}
_PERSONAL = {
    "username": "a user name; hashed with `pii: hashed`",
    "named_username": "a user name; with the full name, where Airflow added that, only with"
    " `pii: full`; hashed with `pii: hashed`",
    "identity": "personal; null unless `pii` is `hashed` or `full`",
    "mention": "may name people; null with `pii: hashed`",
}
# What a tap that cannot clean leaves out. Addresses it has to read: assets are told apart by them.
_NEVER_WHOLE: frozenset[Rule | None] = frozenset({"host", "log_extra"})
_CLEANED: dict[Rule, str] = {
    "addresses": "user, password and telling parameters of addresses are cut out",
    "host": "only scheme and hosts of an address are read",
    "log_extra": "only what an allow-list knows to be harmless is read",
}

# The DAGs themselves. Who may read their files may read these, and Airflow does not start without.
_NEEDED_TO_START = {"dag_code", "serialized_dag"}


def _readable() -> list[Table]:
    return [table for table in load_catalogue().values() if table.read != "never"]


def _span(since: str | None, until: str | None) -> str:
    if since and until:
        return f"Airflow {since} to {until}"
    if since:
        return f"since Airflow {since}"
    return f"until Airflow {until}" if until else "all versions"


def _source_column(column: Column) -> dict[str, str]:
    notes = [_span(column.since, column.until)]
    if column.personal:
        notes.append(_PERSONAL[column.personal])
    if column.clean:
        notes.append(_CLEANED[column.clean])
    return {
        "name": column.name,
        "data_type": _SQL_TYPES[column.type],
        "description": " ".join(f"{note[0].upper()}{note[1:]}." for note in notes),
    }


def _source_table(table: Table) -> dict[str, Any]:
    meta: dict[str, Any] = {"key": [list(alternative) for alternative in table.key]}
    return {
        "name": table.name,
        "description": f"{table.description} ({_span(table.since, table.until)})",
        "config": {"meta": {**meta, "read": table.read}},
        "columns": [
            *(_source_column(column) for column in table.raw_columns()),
            {
                "name": EXTRACTED_AT,
                "data_type": _SQL_TYPES["timestamp"],
                "description": "Moment of the read.",
            },
            {
                "name": DELETED_AT,
                "data_type": _SQL_TYPES["timestamp"],
                "description": "When a full read first no longer found the row.",
            },
        ],
    }


def dbt_sources() -> str:
    """Return the content of ``transform/models/staging/_sources.yml``."""
    source = {
        "name": "airflow",
        "description": "The raw tables of every Airflow environment, one schema each.",
        # Models take the schema of each environment in turn; this one is never read.
        "schema": "airflow_environment",
        "tables": [_source_table(table) for table in [*_readable(), MANIFEST]],
    }
    return _HEADER + _yaml({"version": 2, "sources": [source]})


def tap_postgres_plugin() -> str:
    """Return the content of ``extract/tap-postgres.meltano.yml``: the stock tap, same selection."""
    select = [
        f"public-{table.name}.{column.name}"
        for table in _readable()
        if table.read == "default"
        for column in table.raw_columns()
        if column.personal != "identity" and column.clean not in _NEVER_WHOLE
    ]
    plugin = {
        "name": "tap-postgres",
        "variant": "meltanolabs",
        "namespace": "tap_postgres",
        "label": "PostgreSQL, the stock tap",
        "description": "For teams that prefer it; reads the same columns but those that have to be"
        " cleaned, each table at another moment and without the raw shape.",
        "pip_url": "-r requirements/tap-postgres.txt",
        "executable": "tap-postgres",
        "capabilities": ["about", "batch", "catalog", "discover", "state", "stream-maps"],
        "settings": [
            {
                "name": "sqlalchemy_url",
                "kind": "string",
                "sensitive": True,
                "value": "${TAP_AIRFLOW_METADATA_DATABASE_URL}",
            },
            {"name": "filter_schemas", "kind": "array", "value": ["public"]},
        ],
        "select": select,
    }
    return _HEADER + _yaml({"plugins": {"extractors": [plugin]}})


def _document_row(column: Column) -> str:
    notes = [_PERSONAL[column.personal]] if column.personal else []
    if column.access != "read":
        notes.append(f"**{column.access}**: {column.reason}")
    if column.clean:
        notes.append(f"**cleaned** ({_CLEANED[column.clean]}): {column.reason}")
    span = _span(column.since, column.until)
    return f"| `{column.name}` | {column.type} | {span} | {'; '.join(notes)} |"


def what_is_read() -> str:
    """Return the content of ``docs/what-is-read.md``."""
    lines = [
        "# What is read, and what never is",
        "",
        "<!-- Made from the catalogue by `make generate`; do not edit. -->",
        "",
        _INTRODUCTION,
        "",
    ]
    for table in load_catalogue().values():
        lines += [f"## {table.name}", "", f"{table.description}", ""]
        span = _span(table.since, table.until)
        if table.read == "never":
            lines += [f"Never read: {table.reason} ({span})", ""]
            continue
        keys = " or ".join(f"`{', '.join(alternative)}`" for alternative in table.key)
        change = "read whole every time"
        if table.change:
            change = "changes show in `" + "`, `".join(table.change.columns) + "`"
        lines += [f"*{table.read}*, {span}; key {keys}; {change}.", ""]
        lines += ["| column | type | exists | notes |", "|---|---|---|---|"]
        lines += [_document_row(column) for column in table.columns.values()]
        lines.append("")
    return "\n".join(lines)


def provider_tables() -> str:
    """Return the Airflow provider's ``metadata_tables.json``: Airflow cannot read the catalogue."""
    tables = {
        table.name: {
            "since": table.since,
            "until": table.until,
            "read": table.read,
            "reason": table.reason,
        }
        for table in load_catalogue().values()
    }
    return json.dumps(tables, indent=1) + "\n"


def _cleaned_columns() -> dict[str, dict[str, str]]:
    """SQL of what a snapshot without secrets keeps of a column, by table and column.

    An expression over the columns of the table, of the column's own type.
    """
    columns = {
        table.name: {
            column.name: f"({cleaned(column.clean, quoted(column.name))})[1]"
            for column in table.columns.values()
            if column.clean
        }
        for table in load_catalogue().values()
    }
    return {name: expressions for name, expressions in columns.items() if expressions}


def snapshot_facts() -> str:
    """Return the ``airflow_facts.json`` of the snapshots, which know Airflow from the catalogue."""
    kept: dict[str, list[str]] = {}
    secret: dict[str, list[str]] = {}
    for table in load_catalogue().values():
        names = [
            column.name
            for column in table.columns.values()
            if column.access != "read" and table.name not in _NEEDED_TO_START
        ]
        if names:
            secret[table.name] = names
        # A table of secrets that is never read is of no use without them.
        if not (names and table.read == "never"):
            kept[table.name] = [name for name in table.columns if name not in names]
    facts = {
        "revisions": REVISIONS,
        "kept_columns": kept,
        "cleaned_columns": _cleaned_columns(),
        "secret_columns": secret,
    }
    return json.dumps(facts, indent=1) + "\n"


def _yaml(content: object) -> str:
    return yaml.safe_dump(content, sort_keys=False, width=100, allow_unicode=True)


OUTPUTS: dict[str, Callable[[], str]] = {
    "dbt-sources": dbt_sources,
    "tap-postgres": tap_postgres_plugin,
    "what-is-read": what_is_read,
    "provider-tables": provider_tables,
    "snapshot-facts": snapshot_facts,
}

if __name__ == "__main__":
    sys.stdout.write(OUTPUTS[sys.argv[1]]())
