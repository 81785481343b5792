"""The catalogue against the schemas that real Airflow migrations made, in both directions."""

from __future__ import annotations

import pytest

from tap_airflow_metadata.catalogue import Table, load_catalogue
from tests.real_airflow import captured
from tests.real_airflow.capture import capture
from tests.real_airflow.install import RECIPES, has_python
from tests.real_airflow.postgres import throwaway_postgres

CATALOGUE = load_catalogue()
SCHEMAS = {version: captured.load(version) for version in captured.versions()}

# Postgres types, without their length, that each catalogue type stands for.
POSTGRES_TYPES = {
    "integer": {"integer", "bigint"},
    "number": {"double precision"},
    "text": {"character varying", "text"},
    "boolean": {"boolean"},
    "timestamp": {"timestamp with time zone", "timestamp without time zone"},
    "json": {"json", "jsonb"},
    "uuid": {"uuid"},
    "bytes": {"bytea"},
}

# The catalogue has the newest type of a column; these had another one in older versions.
OLDER_TYPES = {
    "dag_run.conf": "bytea",
    "dag_run_note.user_id": "integer",
    "deadline.callback": "character varying",
    "deadline_alert.interval": "double precision",
    "task_instance_note.user_id": "integer",
    "trigger.kwargs": "json",
    "xcom.value": "bytea",
}

each_version = pytest.mark.parametrize("version", SCHEMAS)


def tables_of(version: str) -> dict[str, Table]:
    """Catalogued tables that this Airflow version has."""
    return {name: table for name, table in CATALOGUE.items() if table.exists_in(version)}


def base_type(declaration: str) -> str:
    """`"character varying"` for `"character varying(250) not null"`."""
    return declaration.removesuffix(" not null").split("(")[0]


def test_every_supported_version_is_captured() -> None:
    assert list(SCHEMAS) == list(RECIPES)


@each_version
def test_tables(version: str) -> None:
    assert sorted(tables_of(version)) == sorted(SCHEMAS[version].tables)


@each_version
def test_columns(version: str) -> None:
    catalogued = {
        f"{name}.{column.name}"
        for name, table in tables_of(version).items()
        for column in table.columns.values()
        if column.exists_in(version)
    }
    existing = {
        f"{name}.{column}"
        for name, table in SCHEMAS[version].tables.items()
        for column in table.columns
    }
    assert existing - catalogued == set(), "exist and are not catalogued"
    assert catalogued - existing == set(), "are catalogued and do not exist"


def test_columns_have_their_newest_type() -> None:
    newest = {
        f"{name}.{column}": base_type(declaration)
        for schema in SCHEMAS.values()  # oldest first, so that the newest stays
        for name, table in schema.tables.items()
        for column, declaration in table.columns.items()
    }
    wrong = {
        f"{name}.{column.name}": (column.type, newest[f"{name}.{column.name}"])
        for name, table in CATALOGUE.items()
        for column in table.columns.values()
        if f"{name}.{column.name}" in newest
        and newest[f"{name}.{column.name}"] not in POSTGRES_TYPES[column.type]
    }
    assert wrong == {}


def test_only_known_columns_had_another_type() -> None:
    older = {
        f"{name}.{column}": base_type(declaration)
        for schema in SCHEMAS.values()
        for name, table in schema.tables.items()
        for column, declaration in table.columns.items()
        if base_type(declaration) not in POSTGRES_TYPES[CATALOGUE[name].columns[column].type]
    }
    assert older == OLDER_TYPES


@each_version
def test_keys_are_unique_and_never_null(version: str) -> None:
    for name, table in tables_of(version).items():
        if table.read == "never":
            continue
        existing = SCHEMAS[version].tables[name]
        key = next((key for key in table.key if set(key) <= set(existing.columns)), None)
        assert key is not None, f"{name}: no key of {table.key} exists"
        unique = [set(columns) for columns in (existing.primary_key, *existing.unique)]
        assert set(key) in unique, f"{name}: {key}"
        for column in key:
            assert existing.columns[column].endswith(" not null"), f"{name}.{column}"


@pytest.mark.live_airflow
def test_captured_files_match_real_migrations() -> None:
    at_hand = [version for version in RECIPES if has_python(version)]
    assert at_hand, "no Python is at hand that any supported Airflow runs on"
    with throwaway_postgres() as postgres:
        for version in {at_hand[0], at_hand[-1]}:
            assert capture(version, postgres) == SCHEMAS[version]
