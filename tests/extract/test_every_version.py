"""Every captured Airflow version, with rows in every table, is read as Postgres has it."""

from __future__ import annotations

import pytest

from tap_airflow_metadata.airflow_version import airflow_version
from tap_airflow_metadata.catalogue import load_catalogue
from tap_airflow_metadata.errors import NotAnAirflowDatabaseError
from tests.extract import source_rows
from tests.extract.tap_runs import sync_here
from tests.real_airflow import captured
from tests.real_airflow.postgres import execute

CATALOGUE = load_catalogue()
READABLE = {table.name for table in CATALOGUE.values() if table.read != "never"}


@pytest.mark.parametrize("version", captured.versions())
def test_every_row_of_every_table_arrives_as_the_source_has_it(version, filled_database, tmp_path):
    url = filled_database(version, rows=25)
    run = sync_here(tmp_path, database_url=url, tables=[], pii="full")
    assert set(run.streams) == READABLE | {"_sync_manifest"}
    compared = 0
    for name in sorted(READABLE):
        table = CATALOGUE[name]
        shape = [column.name for column in table.raw_columns()]
        properties = list(run.of("SCHEMA", name)[0]["schema"]["properties"])
        assert properties == [*shape, "_sdc_extracted_at", "_sdc_deleted_at"]
        rows = run.rows(name)
        manifest = run.manifest(name)
        assert manifest["is_table_at_source"] == table.exists_in(version)
        assert manifest["airflow_version"] in {version, airflow_release(version)}
        if not table.exists_in(version):
            assert rows == []
            continue
        source = source_rows.read(url, table, version)
        assert manifest["source_rows"] == manifest["sent_rows"] == len(source) == len(rows) > 0
        key = run.of("SCHEMA", name)[0]["key_properties"]
        assert key == list(source_rows.merge_key(table, version))
        arrived = [{column: row[column] for column in shape} for row in rows]
        assert source_rows.by_key(table, version, arrived) == source, name
        compared += len(source)
    assert compared > 500


def airflow_release(version):
    """The first release with the schema of a captured version, as the revision tells it."""
    return airflow_version(captured.load(version).revisions["alembic_version"])


@pytest.mark.parametrize("version", ["2.11.0", "3.3.2"])
def test_records_and_files_hold_the_same_rows(version, filled_database, tmp_path):
    url = filled_database(version)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    files = sync_here(tmp_path / "a", database_url=url, tables=[])
    records = sync_here(tmp_path / "b", database_url=url, tables=[], records=True)
    assert files.streams == records.streams
    for name in sorted(READABLE):
        without_moment = [
            [{k: v for k, v in row.items() if k != "_sdc_extracted_at"} for row in run.rows(name)]
            for run in (files, records)
        ]
        assert without_moment[0] == without_moment[1]
    assert not records.of("BATCH", "dag_run")
    assert not files.of("RECORD", "dag_run")


def test_airflow_tables_in_another_schema_are_found(filled_database, tmp_path):
    url = filled_database("2.11.0")
    execute(url, "alter schema public rename to airflow")
    with pytest.raises(NotAnAirflowDatabaseError, match="source_schema"):
        sync_here(tmp_path, database_url=url)
    run = sync_here(tmp_path, database_url=url, source_schema="airflow", tables=["dag_run"])
    assert len(run.rows("dag_run")) == 20
