"""What is relied on beyond the documentation of Google's client: look here if an upgrade fails.

All of it is in bigquery_destination.ImpatientSqlClient.
"""

from __future__ import annotations

import inspect
from typing import Any

import dlt
import pytest
from dlt.destinations.impl.bigquery.sql_client import BigQuerySqlClient
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery import dbapi

from warehouse_targets.bigquery_destination import ImpatientSqlClient, login

PATIENCE = {"retry", "job_retry", "api_timeout"}


class _NoRows:
    schema = ()
    total_rows = 0
    num_dml_affected_rows = None


class _Client:
    """Answers queries; has no client of the Storage API to give."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def query_and_wait(self, query: str, **options: Any) -> _NoRows:
        self.asked.append({"query": query, **options})
        return _NoRows()


def test_the_dbapi_leaves_patience_to_the_client() -> None:
    """A cursor calls ``query_and_wait`` without saying how long it may take, and so do we then."""
    client = _Client()
    connection = dbapi.Connection(client, prefer_bqstorage_client=False)
    connection.cursor().execute("select %s", (1,))
    [asked] = client.asked
    assert asked["query"] == "select ?"
    assert not PATIENCE & asked.keys()


@pytest.fixture
def sql_client() -> ImpatientSqlClient:
    capabilities = dlt.destinations.bigquery().capabilities()
    credentials = login(AnonymousCredentials(), "project")
    return ImpatientSqlClient("raw", "staging", credentials, capabilities, "EU", "project")


def test_patience_is_an_argument_of_public_methods(sql_client: ImpatientSqlClient) -> None:
    client = sql_client.open_connection()
    assert client is sql_client.native_connection
    for method, arguments in (("query_and_wait", PATIENCE), ("load_table_from_uri", {"retry"})):
        assert arguments <= inspect.signature(getattr(bigquery.Client, method)).parameters.keys()
        given = getattr(client, method).keywords
        assert given.keys() == arguments
        assert all(getattr(given[name], "timeout", 60) <= 120 for name in arguments)


def test_dlt_asks_through_the_method_that_is_ours(
    sql_client: ImpatientSqlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _Client()
    monkeypatch.setattr(BigQuerySqlClient, "native_connection", client)
    assert not sql_client.execute_sql("select 1")
    assert [asked["query"] for asked in client.asked] == ["select 1"]
