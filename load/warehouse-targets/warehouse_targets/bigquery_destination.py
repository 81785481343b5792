"""dlt's BigQuery destination, with changes of a table that are whole or not at all.

dlt sends a replacement as TRUNCATE and INSERT, and the rows of a moment as DELETE and INSERT, each
of which commits by itself. Here each is one transaction, which BigQuery rolls back if anything
fails. Both keep the table, and with it whatever rights others have on it.

BigQuery bills by the byte read, so tables are clustered by key or partitioned by day, and a
statement gives the range of the keys that it looks for: BigQuery skips what lies outside constants,
and variables of a script count as such.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, AnyStr, cast

from dlt.common.configuration.specs import GcpServiceAccountCredentials
from dlt.common.configuration.specs.gcp_credentials import GcpDefaultCredentials
from dlt.common.destination import (
    Destination,
    DestinationCapabilitiesContext,
    PreparedTableSchema,
)
from dlt.common.destination.client import FollowupJobRequest
from dlt.common.destination.utils import resolve_merge_strategy
from dlt.common.schema import Schema
from dlt.common.schema.typing import TTableSchema, TTableSchemaColumns
from dlt.common.storages.load_package import LoadJobInfo
from dlt.destinations import bigquery as dlt_bigquery
from dlt.destinations.adapters import bigquery_adapter
from dlt.destinations.impl.bigquery.bigquery import BigQueryClient
from dlt.destinations.impl.bigquery.configuration import BigQueryClientConfiguration
from dlt.destinations.impl.bigquery.sql_client import BigQueryDBApiCursorImpl, BigQuerySqlClient
from dlt.destinations.sql_client import SqlClientBase, raise_database_error
from dlt.destinations.sql_jobs import SqlFollowupJob
from dlt.extract import DltResource
from google.api_core.exceptions import NotFound
from google.auth.credentials import Credentials
from google.cloud import bigquery
from google.cloud.bigquery import dbapi
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY

from warehouse_targets.columns import EXTRACTED_AT
from warehouse_targets.errors import TargetSettingsError
from warehouse_targets.insides_of_dlt import destination_of_one_load
from warehouse_targets.naming_conventions import WordNames
from warehouse_targets.warehouse import TableToLoad

# Google's defaults are ten and forty minutes, whatever is wrong.
_REQUEST_RETRY = bigquery.DEFAULT_RETRY.with_timeout(60)
_JOB_RETRY = DEFAULT_JOB_RETRY.with_timeout(120)
_REQUEST_SECONDS = 60.0
# For each 10 MB of a file.
_UPLOAD_SECONDS = 120.0
# BigQuery clusters by no more columns, and by none of the other types.
_MOST_CLUSTERED = 4
_CLUSTERED_TYPES = {"bigint", "bool", "date", "text", "timestamp"}


def bigquery_destination(
    credentials: Credentials, project: str, location: str, staging_name: str
) -> Destination[Any, Any]:
    """Return a destination for dlt.

    Args:
        credentials: Of Google's library, with scopes.
        project: Project of the datasets, in which jobs run too.
        location: Where the datasets are.
        staging_name: Layout of the staging dataset's name.
    """
    return destination_of_one_load(dlt_bigquery, _TransactionalClient)(
        credentials=login(credentials, project),
        project_id=project,
        location=location,
        replace_strategy="insert-from-staging",
        staging_dataset_name_layout=staging_name,
        retry_deadline=_REQUEST_SECONDS,
        http_timeout=_REQUEST_SECONDS,
        file_upload_timeout=_UPLOAD_SECONDS,
    )


def login(credentials: Credentials, project: str) -> GcpServiceAccountCredentials:
    """Return ready-made credentials as dlt takes them.

    Args:
        credentials: Of Google's library, with scopes.
        project: Project that jobs run in.
    """
    made = _GivenCredentials(project_id=project)
    # The class's own method takes those of service accounts only.
    GcpDefaultCredentials.parse_native_representation(made, credentials)
    return made


def laid_out(resource: DltResource, table: TableToLoad) -> DltResource:
    """Have a table clustered by its key, or of versions partitioned by the day of the sync."""
    if table.mode == "append":
        return bigquery_adapter(resource, partition=EXTRACTED_AT)
    names = WordNames()
    clustered = [
        names.normalize_identifier(name)
        for name, kind in table.columns.items()
        if name in table.key and kind in _CLUSTERED_TYPES
    ]
    if table.mode == "merge" and clustered:
        return bigquery_adapter(resource, cluster=clustered[:_MOST_CLUSTERED])
    return resource


class _GivenCredentials(GcpServiceAccountCredentials):
    def to_gcs_credentials(self) -> dict[str, Any]:
        """Pass the credentials on; dlt would have gcsfs look for its own."""
        return {"project": self.project_id, "token": self.default_credentials()}


class ImpatientSqlClient(BigQuerySqlClient):
    """Gives up in time."""

    def open_connection(self) -> bigquery.Client:
        """Set time limits on what dlt calls without any."""
        client: bigquery.Client = super().open_connection()
        client.query_and_wait = partial(  # type: ignore[method-assign]
            client.query_and_wait,
            api_timeout=_REQUEST_SECONDS,
            retry=_REQUEST_RETRY,
            job_retry=_JOB_RETRY,
        )
        client.load_table_from_uri = partial(  # type: ignore[method-assign]
            client.load_table_from_uri, retry=_REQUEST_RETRY
        )
        return client

    @contextmanager
    @raise_database_error
    def execute_query(self, query: AnyStr, *args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: ANN401
        """Run a query, and read through REST: the few values of a load need no Storage API."""
        connection = dbapi.Connection(  # type: ignore[no-untyped-call]
            self.native_connection, prefer_bqstorage_client=False
        )
        with closing(connection):
            cursor = connection.cursor()  # type: ignore[no-untyped-call]
            cursor.execute(query, args or kwargs or None)
            yield BigQueryDBApiCursorImpl(cursor)

    def dataset_names(self) -> list[str]:
        """Return all datasets of the project."""
        found = self.native_connection.list_datasets(retry=_REQUEST_RETRY)
        return [dataset.dataset_id for dataset in found]

    def has_dataset(self) -> bool:
        """Return whether the dataset is there.

        Raises:
            TargetSettingsError: It is elsewhere, so no job of this location would find it.
        """
        name = self.fully_qualified_dataset_name(quote=False)
        try:
            found = self.native_connection.get_dataset(
                name, retry=_REQUEST_RETRY, timeout=_REQUEST_SECONDS
            )
        except NotFound:
            return False
        if found.location.lower() != self.location.lower():
            msg = (
                f"location is {self.location}, but the dataset {self.dataset_name} is in"
                f" {found.location}. Set TARGET_BIGQUERY_LOCATION={found.location}, or name another"
                " dataset"
            )
            raise TargetSettingsError(msg)
        return True


class _TransactionalClient(BigQueryClient):
    def __init__(
        self,
        schema: Schema,
        config: BigQueryClientConfiguration,
        capabilities: DestinationCapabilitiesContext,
    ) -> None:
        super().__init__(schema, config, capabilities)
        self.sql_client = ImpatientSqlClient(
            self.sql_client.dataset_name,
            self.sql_client.staging_dataset_name,
            config.credentials,
            capabilities,
            config.get_location(),
            config.project_id,
            config.http_timeout,
            config.retry_deadline,
        )

    def get_storage_tables(
        self, table_names: Iterable[str]
    ) -> Iterable[tuple[str, TTableSchemaColumns]]:
        """Return the columns of tables, none without a dataset, which dlt takes for granted."""
        if self.sql_client.has_dataset():
            return super().get_storage_tables(table_names)
        return [(name, {}) for name in table_names]

    def create_table_chain_completed_followup_jobs(
        self,
        table_chain: Sequence[PreparedTableSchema],
        completed_table_chain_jobs: Sequence[LoadJobInfo] | None = None,  # noqa: ARG002
    ) -> list[FollowupJobRequest]:
        """Move rows from a staging table as one script."""
        table = table_chain[0]
        if table["write_disposition"] == "append":
            return []
        arrival: type[_Arrival] = _ReplaceAll
        if table["write_disposition"] == "merge":
            merged = cast("TTableSchema", table)
            strategy = resolve_merge_strategy({merged["name"]: merged}, merged, self.capabilities)  # type: ignore[dict-item]
            arrival = _Merge if strategy == "upsert" else _ReplaceMoments
        return [arrival.from_table_chain(table_chain, self.sql_client)]


class _Arrival(SqlFollowupJob):
    """A table's rows move from its staging table, as one script."""

    @classmethod
    def generate_sql(
        cls, table_chain: Sequence[PreparedTableSchema], sql_client: SqlClientBase[Any]
    ) -> list[str]:
        [table] = table_chain
        there, sent = sql_client.get_qualified_table_names(str(table["name"]))
        types = sql_client.capabilities.get_type_mapper()
        columns, key = {}, []
        for name, column in table["columns"].items():
            quoted = sql_client.escape_column_name(name)
            columns[quoted] = types.to_destination_type(column, table)
            if column.get("primary_key") or column.get("merge_key"):
                key.append(quoted)
        return cls.statements(there, sent, columns, key)

    @classmethod
    @abstractmethod
    def statements(
        cls, there: str, sent: str, columns: Mapping[str, str], key: Sequence[str]
    ) -> list[str]:
        """Return the script.

        Args:
            there: The table, quoted.
            sent: Its staging table, quoted.
            columns: Types of all columns, by their names, quoted.
            key: Key columns, quoted.
        """


class _ReplaceAll(_Arrival):
    @classmethod
    def statements(
        cls,
        there: str,
        sent: str,
        columns: Mapping[str, str],
        key: Sequence[str],  # noqa: ARG003
    ) -> list[str]:
        return _transaction(f"TRUNCATE TABLE {there}", _insert(there, sent, columns))


class _ReplaceMoments(_Arrival):
    @classmethod
    def statements(
        cls, there: str, sent: str, columns: Mapping[str, str], key: Sequence[str]
    ) -> list[str]:
        [moment] = key
        return [
            _declare_range(moment, columns[moment], sent),
            *_transaction(
                f"DELETE FROM {there} WHERE {moment} BETWEEN {_RANGE}"  # noqa: S608  # quoted
                f" AND {moment} IN (SELECT {moment} FROM {sent})",
                _insert(there, sent, columns),
            ),
        ]


class _Merge(_Arrival):
    @classmethod
    def statements(
        cls, there: str, sent: str, columns: Mapping[str, str], key: Sequence[str]
    ) -> list[str]:
        same_key = " AND ".join(f"there.{column} = sent.{column}" for column in key)
        updates = _listed(f"{name} = sent.{name}" for name in columns)
        values = _listed(f"sent.{name}" for name in columns)
        return [
            _declare_range(key[0], columns[key[0]], sent),
            (
                f"MERGE INTO {there} AS there USING {sent} AS sent"  # noqa: S608  # quoted
                f" ON {same_key} AND there.{key[0]} BETWEEN {_RANGE}"
                f" WHEN MATCHED THEN UPDATE SET {updates}"
                f" WHEN NOT MATCHED THEN INSERT ({_listed(columns)}) VALUES ({values})"
            ),
        ]


# A name that no column has: a column would hide it.
_RANGE = "_range_sent.least AND _range_sent.greatest"


def _declare_range(column: str, kind: str, sent: str) -> str:
    least_and_greatest = f"MIN({column}) AS least, MAX({column}) AS greatest"
    return (
        f"DECLARE _range_sent STRUCT<least {kind}, greatest {kind}> DEFAULT"  # noqa: S608  # quoted
        f" (SELECT AS STRUCT {least_and_greatest} FROM {sent})"
    )


def _insert(there: str, sent: str, columns: Iterable[str]) -> str:
    listed = _listed(columns)
    return f"INSERT INTO {there} ({listed}) SELECT {listed} FROM {sent}"  # noqa: S608  # quoted


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _transaction(*statements: str) -> list[str]:
    return ["BEGIN TRANSACTION", *statements, "COMMIT TRANSACTION"]
