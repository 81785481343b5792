"""The schemas that real migrations made, one small data file per Airflow version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tap_airflow_metadata.catalogue import version_tuple

FOLDER = Path(__file__).parent / "schemas"


@dataclass(frozen=True)
class CapturedTable:
    """One table.

    Attributes:
        columns: Column name to its SQL declaration (`"character varying(250) not null"`), in the
            order of the table.
        primary_key: Its columns; empty if there is none.
        unique: Columns of each unique constraint or index that covers whole columns and all rows.
    """

    columns: Mapping[str, str]
    primary_key: list[str]
    unique: list[list[str]]


@dataclass(frozen=True)
class CapturedSchema:
    """All tables of one Airflow version, those of the FAB provider included.

    Attributes:
        airflow_version: The exact version whose migrations made the tables.
        revisions: Alembic's own table name to the revision in it.
        tables: Table name to table, by name.
    """

    airflow_version: str
    revisions: Mapping[str, str]
    tables: Mapping[str, CapturedTable]

    def to_json(self) -> str:
        """The content of the data file: one column a line, so that differences read well."""
        return json.dumps(asdict(self), indent=1) + "\n"


def versions() -> list[str]:
    """The captured Airflow versions, oldest first."""
    names = [path.stem.removeprefix("airflow-") for path in FOLDER.glob("airflow-*.json")]
    return sorted(names, key=version_tuple)


def path_of(version: str) -> Path:
    """The data file of an Airflow version."""
    return FOLDER / f"airflow-{version}.json"


def load(version: str) -> CapturedSchema:
    """Read the data file of an Airflow version."""
    content = json.loads(path_of(version).read_text(encoding="utf-8"))
    return CapturedSchema(
        airflow_version=content["airflow_version"],
        revisions=content["revisions"],
        tables={name: CapturedTable(**table) for name, table in content["tables"].items()},
    )


def recreate(schema: CapturedSchema, database_url: str) -> None:
    """Create the tables of a captured schema in an empty Postgres database.

    They have the columns, primary keys and unique constraints of the real ones, and no foreign
    keys or defaults. Only Alembic's own tables have a row each, the revision.

    Args:
        schema: What to create.
        database_url: `postgresql://` URL of the database.
    """
    with psycopg.connect(database_url) as connection:
        for name, table in schema.tables.items():
            connection.execute(_create_statement(name, table))
        for name, revision in schema.revisions.items():
            insert = sql.SQL("insert into {} (version_num) values (%s)").format(
                sql.Identifier(name)
            )
            connection.execute(insert, [revision])


def _create_statement(name: str, table: CapturedTable) -> sql.Composed:
    parts: list[sql.Composable] = [
        # The declarations are Postgres's own spelling of its types, from a file of this repository.
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(declaration))
        for column, declaration in table.columns.items()
    ]
    if table.primary_key:
        parts.append(sql.SQL("primary key ({})").format(_identifiers(table.primary_key)))
    parts.extend(sql.SQL("unique ({})").format(_identifiers(columns)) for columns in table.unique)
    return sql.SQL("create table {} ({})").format(sql.Identifier(name), sql.SQL(", ").join(parts))


def _identifiers(names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)
