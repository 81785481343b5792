"""A schema that is not understood is refused before a row is read, and what is wrong is named."""

from __future__ import annotations

import dataclasses

import pytest

from tap_airflow_metadata.catalogue import Table, load_catalogue
from tap_airflow_metadata.errors import UnknownSchemaError
from tap_airflow_metadata.known_schema import FoundTable, merge_key, require_known_schema
from tap_airflow_metadata.read_transaction import SourceColumn
from tests.extract.restored_snapshots import copied
from tests.extract.tap_runs import run_tap, sync_here
from tests.real_airflow import captured
from tests.real_airflow.postgres import execute

FINAL = 78
UNKNOWN = "feedfacecafe"
SCHEMAS = {version: captured.load(version) for version in captured.versions()}
READABLE = [table for table in load_catalogue().values() if table.read != "never"]

each_version = pytest.mark.parametrize("version", SCHEMAS)
each_revision = pytest.mark.parametrize("is_known", [True, False])


def found_tables(version: str) -> dict[str, FoundTable]:
    """Every readable table as the tap finds it in a database of an Airflow version."""
    tables = {}
    for table in READABLE:
        existing = SCHEMAS[version].tables.get(table.name)
        columns = {
            name: SourceColumn(
                declaration.removesuffix(" not null"), not declaration.endswith(" not null"), True
            )
            for name, declaration in (existing.columns if existing else {}).items()
        }
        keys = (existing.primary_key, *existing.unique) if existing else ()
        tables[table.name] = FoundTable(
            table, table.raw_columns(), columns or None, [frozenset(key) for key in keys if key]
        )
    return tables


def refusal(tables: dict[str, FoundTable], version: str, *, is_known: bool) -> str:
    """What is said of the tables; nothing if they are understood."""
    revision = SCHEMAS[version].revisions["alembic_version"] if is_known else UNKNOWN
    try:
        require_known_schema(tables.values(), revision)
    except UnknownSchemaError as error:
        return str(error)
    return ""


def with_column(found: FoundTable, name: str, **changes: object) -> FoundTable:
    columns = dict(found.source or {})
    columns[name] = dataclasses.replace(columns[name], **changes)
    return dataclasses.replace(found, source=columns)


def without_column(found: FoundTable, name: str) -> FoundTable:
    columns = {other: column for other, column in (found.source or {}).items() if other != name}
    # As Postgres does: an index goes with its column.
    keys = [key for key in found.unique_keys if name not in key]
    return dataclasses.replace(found, source=columns, unique_keys=keys)


@each_revision
@each_version
def test_what_real_migrations_make_is_understood(version, is_known):
    assert refusal(found_tables(version), version, is_known=is_known) == ""


@pytest.mark.parametrize(
    ("version", "is_known"),
    [
        *((version, True) for version in SCHEMAS),
        ("2.6.3", False),
        ("2.11.0", False),
        ("3.3.2", False),
    ],
)
def test_any_damage_to_any_table_is_named(version, is_known):
    """A key column or a change column that is gone, one that may be null, a key that is no key."""
    understood = found_tables(version)
    seen = 0
    for name, found in understood.items():
        if found.source is None:
            continue
        table: Table = found.table
        key = merge_key(table, found.source)
        changes = [c for c in (table.change.columns if table.change else ()) if c in found.source]
        damaged = [
            *((f"{name} has no column {c}", without_column(found, c)) for c in (*key, *changes)),
            *((f"{name}.{c} is oid", with_column(found, c, postgres_type="oid")) for c in key),
            *((f"{name}.{c} may be null", with_column(found, c, is_nullable=True)) for c in key),
            (f"{name} may have several rows", dataclasses.replace(found, unique_keys=[])),
        ]
        # Two tables by which an unknown revision shows what it is near.
        near = {other: understood[other] for other in ("dag_run", "task_instance")}
        for said, table_damaged in damaged:
            assert said in refusal(near | {name: table_damaged}, version, is_known=is_known), said
        seen += len(damaged)
    assert seen > 200


KEY_OF_ALL_TRIES = """
    do $$
    declare
        constrained record;
    begin
        select conname into strict constrained from pg_constraint
        where conrelid = 'task_instance'::regclass and contype in ('p', 'u')
            and conkey @> (
                select array_agg(attnum) from pg_attribute
                where attrelid = conrelid and attname in ('run_id', 'map_index')
            );
        execute format('alter table task_instance drop constraint %I', constrained.conname);
    end $$;
    alter table task_instance add unique (dag_id, task_id, run_id, map_index, try_number)
"""
DAMAGES = {
    "alter table task_instance drop column map_index cascade": (
        "task_instance has no column map_index, which is part of its key"
    ),
    "alter table task_instance drop column end_date": (
        "task_instance has no column end_date, which shows its changes"
    ),
    "alter table task_instance drop column state": (
        "task_instance has no column state, which shows what may still change"
    ),
    "alter table task_instance alter column try_number type text": (
        "task_instance.try_number is text, which is not read as integer"
    ),
    "alter table task_instance rename column run_id to dag_run_key": (
        "task_instance has no column run_id, which is part of its key"
    ),
    "alter table task_instance rename column pool to slot_pool": (
        "task_instance has no column pool."
    ),
    KEY_OF_ALL_TRIES: (
        "task_instance may have several rows for one key (dag_id, task_id, run_id, map_index)"
    ),
}


@pytest.mark.parametrize("version", ["2.4.3", "2.11.0", "3.3.2"])
def test_a_damaged_database_is_refused_before_a_row_is_read(
    version, filled_database, postgres, tmp_path
):
    url = filled_database(version, rows=1)
    [revision] = execute(url, "select version_num from alembic_version").fetchone()
    for damage, said in DAMAGES.items():
        # The tap reads in a session of its own, so each damage is committed, and then undone.
        copy = copied(postgres, url)
        execute(copy, damage)
        for found in (revision, UNKNOWN):
            execute(copy, f"update alembic_version set version_num = '{found}'")
            with pytest.raises(UnknownSchemaError) as raised:
                sync_here(tmp_path, database_url=copy)
            assert said in str(raised.value)
            assert found in str(raised.value)
    assert not (tmp_path / "spool").exists() or not list((tmp_path / "spool").iterdir())


def test_a_table_that_an_unknown_revision_lacks_is_refused(filled_database, tmp_path):
    """Its rows may be in another table now, and would be marked as gone."""
    url = filled_database("2.11.0", rows=1)
    execute(url, "alter table log rename to audit_log")
    assert not sync_here(tmp_path, database_url=url).manifest("log")["is_table_at_source"]
    execute(url, f"update alembic_version set version_num = '{UNKNOWN}'")
    with pytest.raises(UnknownSchemaError, match="there is no table log"):
        sync_here(tmp_path, database_url=url)


# An Airflow to come: runs of a task have another name for their key, and events another table.
AS_IN_A_LATER_AIRFLOW = f"""
    alter table task_instance rename column id to try_id;
    alter table log rename to audit_log;
    alter table dag add column is_new boolean;
    update alembic_version set version_num = '{UNKNOWN}'
"""


def test_an_airflow_that_is_too_new_is_refused(filled_database, tmp_path):
    url = filled_database("3.4.0b2", rows=3)
    execute(url, AS_IN_A_LATER_AIRFLOW)
    run = run_tap(tmp_path, database_url=url)
    assert run.exit_code == FINAL
    assert f"unknown revision {UNKNOWN}" in run.log
    assert "task_instance has no column id, which is part of its key" in run.log
    assert "there is no table log" in run.log
    assert "Upgrade this project" in run.log
    assert "Going on" not in run.log
    assert run.messages == []
    left_out = run_tap(tmp_path, database_url=url, tables=["dag", "job"])
    assert left_out.exit_code == 0
    assert f"Unknown schema revision {UNKNOWN}" in left_out.log
    assert len(left_out.rows("dag")) == 3


def test_a_release_is_known_by_its_tables_too(filled_database, tmp_path):
    """A patch release of 3.4 has a revision that nobody knows here yet, and is read as 3.4."""
    url = filled_database("3.4.0b2", rows=3)
    execute(url, f"update alembic_version set version_num = '{UNKNOWN}'")
    run = run_tap(tmp_path, database_url=url)
    assert run.exit_code == 0
    assert run.of("SCHEMA", "task_instance")[0]["key_properties"] == ["id"]
    assert not run.manifest("task_instance_history")["is_table_at_source"]
