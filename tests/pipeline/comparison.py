"""A raw table in the warehouse against the table at the source."""

from __future__ import annotations

import json

from tap_airflow_metadata.catalogue import Column, Table, load_catalogue
from tests.extract import source_rows
from tests.extract.source_rows import Rows
from tests.pipeline.loaded_environment import LoadedEnvironment

CATALOGUE = load_catalogue()
READABLE = [table for table in CATALOGUE.values() if table.read != "never"]


def read_loaded(
    pipe: LoadedEnvironment, table: Table, version: str, *, marked: bool = False
) -> Rows:
    """The rows that are not marked as deleted, or those that are, as `source_rows` has them."""
    return source_rows.by_key(
        table,
        version,
        [
            {column.name: _parsed(column, row[column.name]) for column in table.raw_columns()}
            for row in pipe.rows(table.name)
            if bool(row["_sdc_deleted_at"]) is marked
        ],
    )


def assert_same_as_source(pipe: LoadedEnvironment, table: Table, version: str) -> None:
    """Every row in the warehouse that is not marked, and no other, is at the source, equal."""
    source = source_rows.read(pipe.database_url, table, version)
    assert read_loaded(pipe, table, version) == source, table.name


def assert_all_same_as_source(pipe: LoadedEnvironment, version: str) -> None:
    """The same of every table; those that the version lacks are there too, and empty."""
    with pipe.kept_open():
        assert pipe.tables() == sorted(["_sync_manifest", *(table.name for table in READABLE)])
        for table in READABLE:
            if table.exists_in(version):
                assert_same_as_source(pipe, table, version)
            else:
                assert pipe.rows(table.name) == []


def _parsed(column: Column, value: object) -> object:
    return json.loads(value) if column.type == "json" and isinstance(value, str) else value
