"""Capture the schemas of real Airflow versions: `python -m tests.real_airflow.capture [version …]`.

With no version named, all supported ones are captured.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg import sql

from tests.real_airflow import captured
from tests.real_airflow.captured import CapturedSchema, CapturedTable
from tests.real_airflow.install import RECIPES, migrate
from tests.real_airflow.postgres import ThrowawayPostgres, throwaway_postgres

_COLUMNS = """
    select
        pg_class.relname,
        attname,
        format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end
    from pg_attribute
    inner join pg_class on pg_class.oid = attrelid
    where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0
        and not attisdropped
    order by pg_class.relname collate "C", attnum
"""

_KEYS = """
    select
        pg_class.relname,
        indisprimary,
        array(
            select attname::text
            from unnest(indkey::int2[]) with ordinality as keys (attnum, position)
            inner join pg_attribute using (attnum)
            where attrelid = indrelid
            order by position
        ) as columns
    from pg_index
    inner join pg_class on pg_class.oid = indrelid
    where relnamespace = 'public'::regnamespace and indisunique
        and indexprs is null and indpred is null
    order by columns
"""


def read_schema(version: str, database_url: str) -> CapturedSchema:
    """Read the tables that Airflow `version` made in a database.

    Args:
        version: The Airflow version that did.
        database_url: `postgresql://` URL of the database.
    """
    columns: dict[str, dict[str, str]] = {}
    primary_keys: dict[str, list[str]] = {}
    uniques: dict[str, list[list[str]]] = {}
    with psycopg.connect(database_url) as connection:
        for table, column, declaration in connection.execute(_COLUMNS):
            columns.setdefault(table, {})[column] = declaration
        for table, is_primary, key in connection.execute(_KEYS):
            if is_primary:
                primary_keys[table] = key
            elif key not in uniques.setdefault(table, []):
                uniques[table].append(key)
        revisions = {}
        for table in columns:
            if table.startswith("alembic_version"):
                query = sql.SQL("select version_num from {}").format(sql.Identifier(table))
                [(revisions[table],)] = connection.execute(query)
    return CapturedSchema(
        airflow_version=version,
        revisions=revisions,
        tables={
            table: CapturedTable(declared, primary_keys.get(table, []), uniques.get(table, []))
            for table, declared in columns.items()
        },
    )


def capture(version: str, postgres: ThrowawayPostgres) -> CapturedSchema:
    """Let Airflow `version` make its tables in a new database of `postgres`, and read them.

    Raises:
        PythonNotFoundError: No Python it runs on is on this machine.
        AirflowCommandError: Airflow could not be installed, or its migration failed.
    """
    database_url = postgres.create_database(f"airflow_{version}")
    migrate(version, database_url)
    return read_schema(version, database_url)


def main(versions: list[str]) -> None:
    """Capture `versions` and write their data files."""
    captured.FOLDER.mkdir(exist_ok=True)
    with throwaway_postgres() as postgres, ThreadPoolExecutor(max_workers=2) as workers:
        for schema in workers.map(lambda version: capture(version, postgres), versions):
            path = captured.path_of(schema.airflow_version)
            path.write_text(schema.to_json(), encoding="utf-8")
            print(f"{path.name}: {len(schema.tables)} tables")


if __name__ == "__main__":
    main(sys.argv[1:] or list(RECIPES))
