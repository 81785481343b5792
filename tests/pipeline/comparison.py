"""A raw table in the warehouse against the table at the source."""

from __future__ import annotations

import json

from tap_airflow_metadata.catalogue import load_catalogue
from tests.extract import source_rows

CATALOGUE = load_catalogue()
READABLE = [table for table in CATALOGUE.values() if table.read != "never"]


def as_raw(column, value):
    if value is None:
        return None
    return str(value) if column.type == "text" else value


def assert_same_as_source(pipe, table, version):
    """Every row in the warehouse that is not marked, and no other, is at the source, equal."""
    raw = [column for column in table.raw_columns() if column.exists_in(version)]
    key = next(
        key for key in table.key if all(table.columns[name].exists_in(version) for name in key)
    )
    source = {
        tuple(row[name] for name in key): {c.name: as_raw(c, row[c.name]) for c in raw}
        for row in source_rows.read(pipe.database_url, table.name)
    }
    loaded = {}
    for row in pipe.rows(table.name):
        if row["_sdc_deleted_at"] is None:
            for column in raw:
                if column.type == "json" and isinstance(row[column.name], str):
                    row[column.name] = json.loads(row[column.name])
            loaded[tuple(row[name] for name in key)] = {c.name: row[c.name] for c in raw}
    assert loaded == source, table.name
