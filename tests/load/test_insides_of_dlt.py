"""What is relied on beyond dlt's documentation: look here first when an upgrade of dlt fails.

Each test names the module that relies on it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dlt
import duckdb
import google.auth.credentials
import pytest
from dlt.common.configuration.specs.pluggable_run_context import RunContextBase
from dlt.common.destination.client import StorageSchemaInfo
from dlt.common.normalizers.naming.naming import NamingConvention
from dlt.common.schema.normalizers import naming_from_reference
from dlt.common.storages.load_package import ParsedLoadJobFileName
from dlt.destinations.impl.bigquery.bigquery import BigQueryClient
from dlt.destinations.impl.bigquery.sql_client import BigQuerySqlClient
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from dlt.destinations.impl.redshift.redshift import RedshiftSqlClient
from dlt.destinations.impl.snowflake.snowflake import SnowflakeClient
from dlt.destinations.impl.snowflake.sql_client import SnowflakeSqlClient
from dlt.destinations.job_client_impl import SqlJobClientBase
from dlt.destinations.sql_client import SqlClientBase
from dlt.destinations.sql_jobs import SqlMergeFollowupJob
from dlt.extract import DltResource
from dlt.load.exceptions import LoadClientJobFailed

from warehouse_targets import naming_conventions
from warehouse_targets.bigquery_destination import bigquery_destination, laid_out, login
from warehouse_targets.duckdb_warehouse import DuckDBWarehouse
from warehouse_targets.insides_of_dlt import (
    IdleConnections,
    SharedConnections,
    dlt_context,
    failed_table,
)
from warehouse_targets.snowflake_warehouse import SnowflakeWarehouse
from warehouse_targets.warehouse import TableToLoad


def _parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[None]:
    naming = "warehouse_targets.naming_conventions.WordNames"
    with dlt_context(tmp_path / "dlt", naming=naming, load={}):
        yield


@pytest.fixture
def credentials() -> google.auth.credentials.Credentials:
    return google.auth.credentials.AnonymousCredentials()  # type: ignore[no-untyped-call]


def test_settings_and_folders_are_ours_only(tmp_path: Path) -> None:
    """insides_of_dlt.dlt_context: all folders that dlt may ask for."""
    folders = {name for name in dir(RunContextBase) if name.endswith("_dir")}
    assert folders == {"data_dir", "global_dir", "local_dir", "run_dir", "settings_dir"}
    with dlt_context(tmp_path, naming="direct", load={}):
        context = dlt.current.run_context()
        assert {getattr(context, name) for name in folders} == {str(tmp_path)}


@pytest.mark.parametrize("is_ours", [True, False])
def test_tables_of_dlt_are_left_out(tmp_path: Path, *, is_ours: bool) -> None:
    """insides_of_dlt._ClientOfOneLoad: a schema taken for stored, and updated all the same."""
    assert _parameters(SqlJobClientBase.update_stored_schema) == [
        "self",
        "only_tables",
        "expected_update",
        "force",
    ]
    assert StorageSchemaInfo._fields[:2] == ("version_hash", "schema_name")
    warehouse = DuckDBWarehouse(tmp_path / "x.duckdb", "airflow_test", "400MB")
    with warehouse.open() as opened, dlt_context(opened.folder, naming="direct", load={}):
        destination = opened.destination
        if not is_ours:
            connection = destination.config_params["credentials"]
            destination = dlt.destinations.duckdb(connection)
        for rows in ([{"id": 1}], [{"id": 2, "more": "x"}]):
            folder = str(opened.folder / str(len(rows[0])))
            pipeline = dlt.pipeline(
                "x", folder, destination=destination, dataset_name="airflow_test"
            )
            pipeline.run(rows, table_name="t")
    with duckdb.connect(tmp_path / "x.duckdb") as connection:
        tables = set(connection.sql("select table_name from duckdb_tables").fetchall())
        arrived = connection.sql('select id, more from airflow_test.t order by "id"').fetchall()
        columns = connection.sql("select * from airflow_test.t").columns
    assert arrived == [(1, None), (2, "x")]
    assert columns[0] == "id"
    assert tables == {("t",)} if is_ours else tables >= {("t",), ("_dlt_loads",), ("_dlt_version",)}


def test_a_load_asks_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """insides_of_dlt._ClientOfOneLoad: what dlt calls to learn which datasets and columns exist."""
    assert _parameters(SqlJobClientBase.get_storage_tables) == ["self", "table_names"]
    assert _parameters(SqlJobClientBase.initialize_storage) == ["self", "truncate_tables"]
    asked: list[str] = []
    execute = DuckDbSqlClient.execute_query

    def noted(client: Any, query: str, *values: Any) -> Any:
        asked.append(query.strip())
        return execute(client, query, *values)

    monkeypatch.setattr(DuckDbSqlClient, "execute_query", noted)
    warehouse = DuckDBWarehouse(tmp_path / "x.duckdb", "airflow_test", "400MB")
    with warehouse.open() as opened, dlt_context(opened.folder, naming="direct", load={}):
        pipeline = dlt.pipeline(
            "x", str(opened.folder), destination=opened.destination, dataset_name="airflow_test"
        )
        for name in ("t", "u"):
            pipeline.run([{"id": 1}], table_name=name, write_disposition="merge", primary_key="id")
    with duckdb.connect(tmp_path / "x.duckdb") as connection:
        assert connection.sql("select t.id, u.id from airflow_test.t, airflow_test.u").fetchall()
    of_schemas = [query for query in asked if "INFORMATION_SCHEMA.SCHEMATA" in query]
    of_columns = [query for query in asked if "INFORMATION_SCHEMA.COLUMNS" in query]
    # For both schemas, and for the columns of each table.
    assert (len(of_schemas), len(of_columns)) == (2, 2)
    assert not [query for query in asked if query.startswith("TRUNCATE")]


class _Client:
    """A client of dlt's for SQL, as far as connections are shared."""

    opened = 0

    def __init__(self) -> None:
        self._conn: Any = None

    def open_connection(self) -> Any:
        _Client.opened += 1
        self._conn = SimpleNamespace(close=list)
        return self._conn

    def close_connection(self) -> None:
        self._conn = None

    def _reset_connection(self) -> None:
        pass


@pytest.mark.parametrize("client", [RedshiftSqlClient, SnowflakeSqlClient])
def test_connections_are_shared_until_they_fail(client: type[SqlClientBase[Any]]) -> None:
    """insides_of_dlt.SharedConnections: where dlt keeps a connection, and what follows an error."""
    assert all(hasattr(client, name) for name in vars(_Client) if callable(getattr(_Client, name)))
    assert "self._reset_connection()" in inspect.getsource(client.execute_query)
    assert "self._conn = " in inspect.getsource(client.open_connection)

    class Shared(SharedConnections, _Client):
        connections = IdleConnections()

    first, second, third = (Shared() for _ in range(3))
    made = first.open_connection()
    first.close_connection()
    assert second.open_connection() is made
    second._reset_connection()
    second.close_connection()
    assert third.open_connection() is not made


@pytest.mark.parametrize(
    "destination",
    [dlt.destinations.duckdb, dlt.destinations.redshift, dlt.destinations.snowflake],
)
def test_transactions_are_not_asked_for_by_default(destination: Any) -> None:
    """Each of these warehouses sets ``supports_transactions``, as long as dlt does not."""
    assert destination().capabilities().supports_transactions is None


def test_bigquery_has_no_transactions_of_dlt() -> None:
    """bigquery_destination.ImpatientSqlClient.execute_query knows no session of one."""
    capabilities = dlt.destinations.bigquery().capabilities()
    assert not capabilities.supports_transactions
    assert not capabilities.supports_ddl_transactions


@pytest.mark.parametrize("client", [BigQueryClient, SnowflakeClient])
def test_followup_jobs_have_a_hook(client: type[SqlJobClientBase]) -> None:
    """The clients of BigQuery and Snowflake choose in it how rows are replaced."""
    assert _parameters(client.create_table_chain_completed_followup_jobs) == [
        "self",
        "table_chain",
        "completed_table_chain_jobs",
    ]


def _client(destination: Any, resource: DltResource) -> Any:
    """The job client with the schema that dlt makes of a resource; nothing is connected."""
    pipeline = dlt.pipeline("x", destination=destination, dataset_name="airflow_test")
    pipeline.extract(resource)
    pipeline.normalize()
    return pipeline.destination_client()


@pytest.mark.usefixtures("context")
def test_snowflake_replaces_rows_in_one_statement() -> None:
    """insides_of_dlt.OverwriteJob: the statement of dlt's that begins with INSERT INTO."""
    settings = {"account": "a", "user": "u", "role": "r", "warehouse": "w", "database": "d"}
    warehouse = SnowflakeWarehouse(settings | {"password": "p"}, "airflow_test")
    destination = warehouse._destination("%s__x", "stage", IdleConnections())
    rows = dlt.resource([{"id": 1}], name="t", write_disposition="replace")
    client = _client(destination, rows)
    table = client.prepare_load_table("t")
    [job] = client.create_table_chain_completed_followup_jobs([table])
    columns = '"id", "_dlt_load_id", "_dlt_id"'
    assert Path(job.new_file_path()).read_text() == (
        f'INSERT OVERWRITE INTO "airflow_test"."t"({columns})'
        f' SELECT {columns} FROM "airflow_test__x"."t"'
    )


def test_rows_are_replaced_by_sql_that_calls_the_table_d() -> None:
    """stream_buffer refuses a JSON column of this name."""
    [clause] = SqlMergeFollowupJob.gen_key_table_clauses("t", "s", ["id"], [], for_delete=False)
    assert clause.startswith("FROM t as d WHERE ")
    assert "d.id" in clause


def test_a_failed_job_names_its_table() -> None:
    """insides_of_dlt.failed_table."""
    job = ParsedLoadJobFileName("task_instance", "0123abcd", 0, "parquet").job_id()
    error = RuntimeError("a step failed")
    error.__cause__ = LoadClientJobFailed("1", job, "said", ValueError())
    assert failed_table(error) == "task_instance"
    assert failed_table(ValueError()) == ""


@pytest.mark.parametrize("name", ["CaseInsensitiveNames", "WordNames"])
def test_naming_conventions_are_found_by_their_names(name: str) -> None:
    """naming_conventions."""
    found: NamingConvention = naming_from_reference(f"warehouse_targets.naming_conventions.{name}")
    assert type(found) is getattr(naming_conventions, name)


def test_any_login_of_google_is_taken(credentials: google.auth.credentials.Credentials) -> None:
    """bigquery_destination.login, where dlt's own class takes those of service accounts only."""
    made = login(credentials, "project")
    assert made.is_resolved()
    assert made.to_native_credentials() is credentials
    assert made.to_gcs_credentials() == {"project": "project", "token": credentials}


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    ("mode", "clause"),
    [
        ("merge", "CLUSTER BY `order_no`, `id`"),
        ("append", "PARTITION BY DATE(`_sdc_extracted_at`)"),
        ("mirror", ")"),
    ],
)
def test_bigquery_lays_out_what_the_adapter_says(
    monkeypatch: pytest.MonkeyPatch,
    credentials: google.auth.credentials.Credentials,
    mode: Any,
    clause: str,
) -> None:
    """bigquery_destination.laid_out, also of a key whose name BigQuery changes."""
    assert _parameters(BigQuerySqlClient.__init__)[1:] == [
        "dataset_name",
        "staging_dataset_name",
        "credentials",
        "capabilities",
        "location",
        "project_id",
        "http_timeout",
        "retry_deadline",
    ]
    columns = {"order no": "bigint", "n": "double", "id": "text", "_sdc_extracted_at": "timestamp"}
    key = ("id", "order no", "n")
    table = TableToLoad("t", mode, key, columns, [], Path())  # type: ignore[arg-type]
    hints = {name: {"data_type": kind, "nullable": True} for name, kind in columns.items()}
    resource = dlt.resource([{"id": "x"}], name="t", columns=hints, primary_key=list(key))  # type: ignore[arg-type,var-annotated]
    destination = bigquery_destination(credentials, "project", "EU", "%s__x")
    client = _client(destination, laid_out(resource, table))
    made: list[str] = []
    monkeypatch.setattr(client, "get_storage_tables", lambda names: [(name, {}) for name in names])
    monkeypatch.setattr(client.sql_client, "execute_many", made.extend)
    client.update_stored_schema(["t"])
    [statement] = made
    assert statement.splitlines()[-1].endswith(clause)
    assert statement.count("`order_no`") == (2 if mode == "merge" else 1)
