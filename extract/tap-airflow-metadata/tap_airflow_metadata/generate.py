"""What is made from the catalogue for other stages; ``make generate`` writes the files again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tap_airflow_metadata.airflow_version import REVISIONS
from tap_airflow_metadata.catalogue import (
    STAGING_BEGINS_WITH,
    STAGING_ENDS_WITH,
    Column,
    Table,
    load_catalogue,
)
from tap_airflow_metadata.cleaning import Rule, cleaned
from tap_airflow_metadata.manifest import MANIFEST
from tap_airflow_metadata.quoting import quoted
from tap_airflow_metadata.raw_shape import DELETED_AT, EXTRACTED_AT, RAW_TYPES

_PROVIDER = Path("orchestrate/airflow-provider-airflow-audit/airflow_audit")
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
_NEVER_WHOLE: frozenset[Rule | None] = frozenset({"host", "log_extra", "presence", "verdict"})
_CLEANED: dict[Rule, str] = {
    "addresses": "user, password and telling parameters of addresses are cut out",
    "host": "only scheme and hosts of an address are read",
    "log_extra": "only what an allow-list knows to be harmless is read",
    "presence": "only whether there is one is read",
    "verdict": "only whether Airflow's approval was given or refused, or `other`, is read",
}

# All of the folder is generated.
_STAGING = Path("transform/models/staging")
_STAGING_MODEL = """\
{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("TABLE") }}

),

renamed as (

    select
        environment_slug,
        COLUMNS,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
"""
# Names of columns that some warehouse takes for a word of its own.
_RESERVED = {"group", "interval", "key", "schema", "timestamp"}

# The DAGs themselves. Who may read their files may read these, and Airflow does not start without.
_NEEDED_TO_START = {"dag_code", "serialized_dag"}


def _readable() -> list[Table]:
    return [table for table in load_catalogue().values() if table.read != "never"]


def _staged() -> list[Table]:
    return [table for table in [*_readable(), MANIFEST] if table.read == "default"]


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


def _described(table: Table) -> str:
    return f"{table.description} ({_span(table.since, table.until)})"


def _source_table(table: Table) -> dict[str, Any]:
    meta: dict[str, Any] = {"key": [list(alternative) for alternative in table.key]}
    return {
        "name": table.name,
        "description": _described(table),
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


def _model_name(table: Table) -> str:
    name = table.name.lstrip("_")
    if name.endswith("y"):
        plural = f"{name[:-1]}ies"
    elif name.endswith("es"):
        plural = name
    else:
        plural = f"{name}es" if name.endswith("s") else f"{name}s"
    return f"stg_airflow__{plural}"


def _staging_columns(table: Table) -> dict[str, list[Column]]:
    # The manifest brings a slug of its own; it is the schema's.
    return {
        name: columns
        for name, columns in table.staging_columns().items()
        if name not in STAGING_BEGINS_WITH
    }


def _value(column: Column) -> str:
    name = f'quoted("{column.name}")' if column.name in _RESERVED else f'"{column.name}"'
    if column.type == "json":
        return f"{{{{ json_as_text({name}) }}}}"
    return f"{{{{ {name} }}}}" if column.name in _RESERVED else column.name


def _selected(name: str, columns: list[Column]) -> str:
    values = [_value(column) for column in columns]
    value = values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
    return value if value == name else f"{value} as {name}"


def staging_model(table: Table) -> str:
    """Return the SQL of a table's staging model, which gives its columns their names."""
    columns = [_selected(*column) for column in _staging_columns(table).items()]
    return _STAGING_MODEL.replace("TABLE", table.name).replace(
        "COLUMNS", ",\n        ".join(columns)
    )


def _staging_entry(table: Table) -> dict[str, Any]:
    left_out = [column.name for column in table.columns.values() if column.access != "read"]
    keys = [[table.columns[name].staging_name for name in key] for key in table.key]
    documents = {name: columns[0].doc or name for name, columns in _staging_columns(table).items()}
    sentences = [
        _described(table),
        *([f"Leaves out {', '.join(left_out)}."] if left_out else []),
        f"Grain: one row per environment_slug, {' or '.join(map(', '.join, keys))}.",
    ]
    names = [*STAGING_BEGINS_WITH, *documents, *STAGING_ENDS_WITH]
    return {
        "name": _model_name(table),
        "description": " ".join(sentences),
        "columns": [
            {"name": name, "description": f"{{{{ doc('{documents.get(name, name)}') }}}}"}
            for name in names
        ],
    }


def staging_descriptions() -> str:
    """Return the content of ``transform/models/staging/_staging.yml``."""
    models = [_staging_entry(table) for table in _staged()]
    return _HEADER + _yaml({"version": 2, "models": models})


def tap_postgres_plugin() -> str:
    """Return the content of ``extract/tap-postgres.meltano.yml``: the stock tap, same selection."""
    select = [
        f"public-{table.name}.{column.name}"
        for table in _readable()
        if table.read == "default"
        for column in table.raw_columns()
        if column.personal != "identity"
        and column.clean not in _NEVER_WHOLE
        # It cannot look user names up either.
        and not column.shows_name
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
    if column.shows_name:
        notes.append("of Airflow 3.4 with FAB users, the user name is read in place of another")
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


def _is_emptied(column: Column) -> bool:
    """Return whether a snapshot without secrets has nothing of a column."""
    # Airflow itself could not read a verdict in place of the choices, nor log in as `set`.
    return column.access != "read" or column.clean in {"presence", "verdict"}


def _cleaned_columns() -> dict[str, dict[str, str]]:
    """SQL of what a snapshot without secrets keeps of a column, by table and column.

    An expression over the columns of the table, of the column's own type.
    """
    columns = {
        table.name: {
            column.name: f"({cleaned(column.clean, quoted(column.name))})[1]"
            for column in table.columns.values()
            if column.clean and not _is_emptied(column)
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
            if _is_emptied(column) and table.name not in _NEEDED_TO_START
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


def generated_files() -> dict[Path, str]:
    """Return the content of each generated file, by its path in the repository."""
    return {
        _STAGING / "_sources.yml": dbt_sources(),
        _STAGING / "_staging.yml": staging_descriptions(),
        **{_STAGING / f"{_model_name(table)}.sql": staging_model(table) for table in _staged()},
        Path("extract/tap-postgres.meltano.yml"): tap_postgres_plugin(),
        Path("docs/what-is-read.md"): what_is_read(),
        _PROVIDER / "metadata_tables.json": provider_tables(),
        Path("snapshot/airflow-snapshot/airflow_snapshot/airflow_facts.json"): snapshot_facts(),
    }


def outdated_files(repository: Path) -> list[Path]:
    """Return the files that the catalogue does not make any more."""
    staging = (file.relative_to(repository) for file in (repository / _STAGING).rglob("[!.]*.*"))
    return sorted(set(staging) - generated_files().keys())


if __name__ == "__main__":
    repository = Path(sys.argv[1])
    for file in outdated_files(repository):
        (repository / file).unlink()
    for file, content in generated_files().items():
        (repository / file).write_text(content, encoding="utf-8")
