"""What this package knows of dlt beyond its documented use.

``tests/load/test_insides_of_dlt.py`` holds all of it to the installed release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.destination.client import StorageSchemaInfo
from dlt.common.runtime.run_context import RunContext
from dlt.destinations.sql_jobs import SqlStagingCopyFollowupJob
from dlt.load.exceptions import LoadClientJobException

from warehouse_targets.errors import causes_of

if TYPE_CHECKING:
    from dlt.common.destination import Destination, PreparedTableSchema
    from dlt.common.destination.client import JobClientBase
    from dlt.common.schema import Schema
    from dlt.common.schema.typing import TSchemaTables, TTableSchemaColumns
    from dlt.destinations.sql_client import SqlClientBase

_SETTINGS: Mapping[str, Any] = {
    "runtime": {
        "dlthub_telemetry": False,
        # Errors reach the user as exceptions, once.
        "log_level": "CRITICAL",
        "intercept_signals": False,
    },
    # Of an Airflow that happens to be installed beside it.
    "providers": {"enable_airflow_secrets": False},
    # A pipeline's state would be one more table; nothing is kept in it.
    "restore_from_destination": False,
}


@contextmanager
def dlt_context(folder: Path, *, naming: str, load: Mapping[str, object]) -> Iterator[None]:
    """Give dlt these settings and nothing else: no environment variables, files or telemetry.

    It has to be dlt's first context in a process: its own begins with telemetry and with reading
    configuration, before any other could replace it.

    Args:
        folder: For all that dlt keeps on disk.
        naming: dlt's naming convention, by its name.
        load: dlt's ``load`` settings, the warehouse's choice.
    """
    context = _FixedContext(folder, {**_SETTINGS, "schema": {"naming": naming}, "load": dict(load)})
    with Container().injectable_context(PluggableRunContext(context)):
        yield


class _FixedContext(RunContext):
    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        super().__init__(str(folder))
        self._folder = str(folder)
        self._settings = dict(settings)

    def initial_providers(self) -> list[ConfigProvider]:
        return [CustomLoaderDocProvider("fixed", lambda: self._settings, supports_secrets=True)]

    @property
    def run_dir(self) -> str:
        return self._folder

    global_dir = local_dir = settings_dir = data_dir = run_dir


def destination_of_one_load(
    kind: type[Destination[Any, Any]],
    client: type[JobClientBase],
    connections: IdleConnections | None = None,
) -> type[Destination[Any, Any]]:
    """Return a kind of destination that asks a warehouse nothing twice, for a single load.

    It makes, asks and writes none of the tables dlt keeps: they serve what this loader does not
    use, grow with every load, and cost statements. Without them dlt compares with the real columns.

    Args:
        kind: dlt's class of the destination.
        client: Its job client.
        connections: Which its clients share; None if they cost nothing.
    """
    known: dict[str, Any] = {"_datasets": set(), "_columns": {}, "_connections": connections}
    made = type(client.__name__, (_ClientOfOneLoad, client), known)
    return type(kind.__name__, (kind,), {"client_class": made})


class IdleConnections:
    """Connections that no client of a load uses now."""

    def __init__(self) -> None:
        self._connections: list[Any] = []

    def take(self) -> Any | None:  # noqa: ANN401
        """Return one, None if there is none."""
        with suppress(IndexError):  # threads may ask at the same time
            return self._connections.pop()
        return None

    def keep(self, connection: Any) -> None:  # noqa: ANN401
        """Keep one for the next client."""
        self._connections.append(connection)

    def close(self) -> None:
        """Close them all."""
        while connection := self.take():
            with suppress(Exception):  # that a session has gone by now harms nothing
                connection.close()


class SharedConnections:
    """Of a client of dlt's for SQL: another goes on with its connection, if it has not failed."""

    connections: IdleConnections
    _conn: Any
    _has_failed: bool
    _is_transaction: bool = False

    def open_connection(self) -> Any:  # noqa: ANN401
        """Take an idle connection, or open one."""
        self._conn = self.connections.take() or super().open_connection()  # type: ignore[misc]
        self._has_failed = False
        return self._conn

    def close_connection(self) -> None:
        """Leave it to others, or close it."""
        if self._has_failed or not self._conn:
            super().close_connection()  # type: ignore[misc]
        else:
            self.connections.keep(self._conn)
            self._conn = None

    def _reset_connection(self) -> None:
        # Called after each error, and by some as they open one.
        self._has_failed = True
        super()._reset_connection()  # type: ignore[misc]

    @contextmanager
    def begin_transaction(self) -> Iterator[Any]:
        """Begin one only with the first of several statements: a single one is one anyway."""
        self._is_transaction = True
        try:
            yield self
        finally:
            self._is_transaction = False

    def execute_many(self, statements: Sequence[str], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Run them, in a transaction if one was begun and there are several."""
        if not self._is_transaction or len(statements) < 2:  # noqa: PLR2004  # several
            return super().execute_many(statements, *args, **kwargs)  # type: ignore[misc]
        with super().begin_transaction():  # type: ignore[misc]
            return super().execute_many(statements, *args, **kwargs)  # type: ignore[misc]


class _ClientOfOneLoad:
    """Has dlt take its schema for stored, so as not to store it, and update all the same.

    Attributes:
        _datasets: Names of those that are there.
        _columns: Of tables, as they are there, by dataset and table.
        _connections: Idle ones of the load.
    """

    _datasets: ClassVar[set[str]]
    _columns: ClassVar[dict[tuple[str, str], TTableSchemaColumns]]
    _connections: ClassVar[IdleConnections | None]
    schema: Schema
    sql_client: SqlClientBase[Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        if self._connections is not None:
            # dlt makes its client for SQL itself, with what only its own job client knows.
            own = type(self.sql_client)
            sharing: dict[str, Any] = {"connections": self._connections}
            client: Any = object.__new__(type(own.__name__, (SharedConnections, own), sharing))
            vars(client).update(vars(self.sql_client))
            self.sql_client = client

    def is_storage_initialized(self) -> bool:
        dataset = self.sql_client.dataset_name
        if dataset not in self._datasets and super().is_storage_initialized():  # type: ignore[misc]
            self._datasets.add(dataset)
        return dataset in self._datasets

    def initialize_storage(self, truncate_tables: Iterable[str] | None = None) -> None:
        """Make the dataset. Nothing is emptied: that of staging is new, and the other is in use."""
        if truncate_tables is None and not self.is_storage_initialized():
            self.sql_client.create_dataset()
            self._datasets.add(self.sql_client.dataset_name)

    def get_storage_tables(
        self, table_names: Iterable[str]
    ) -> Iterator[tuple[str, TTableSchemaColumns]]:
        """Return the columns of tables; what is to be made may have been made by another load."""
        dataset, names = self.sql_client.dataset_name, list(table_names)
        if dataset == self.sql_client.staging_dataset_name:
            for name in names:
                self._columns.setdefault((dataset, name), {})
        elif new := [name for name in names if not self._is_complete(dataset, name)]:
            for name, columns in super().get_storage_tables(new):  # type: ignore[misc]
                self._columns[dataset, name] = columns
                if columns:
                    self._datasets.add(dataset)
        return iter([(name, self._columns[dataset, name]) for name in names])

    def _is_complete(self, dataset: str, name: str) -> bool:
        there = {column.lower() for column in self._columns.get((dataset, name), {})}
        wanted = self.schema.tables[name]["columns"] if name in self.schema.tables else {}
        return bool(there) and {column.lower() for column in wanted} <= there

    def get_stored_schema_by_hash(self, version_hash: str) -> StorageSchemaInfo:
        return StorageSchemaInfo(version_hash, self.schema.name, 0, 0, _NEVER, "")

    def update_stored_schema(
        self,
        only_tables: Iterable[str] | None = None,
        expected_update: TSchemaTables | None = None,
        force: bool = False,  # noqa: ARG002
    ) -> TSchemaTables | None:
        own = set(self.schema.dlt_table_names())
        tables = [name for name in only_tables or self.schema.tables if name not in own]
        done: TSchemaTables | None = super().update_stored_schema(  # type: ignore[misc]
            tables, expected_update, force=True
        )
        dataset = self.sql_client.dataset_name
        for name, table in (done or {}).items():
            known = self._columns.get((dataset, name), {})
            self._columns[dataset, name] = {**known, **table["columns"]}
        return done

    def complete_load(self, load_id: str) -> None:
        pass


_NEVER = datetime.fromtimestamp(0, timezone.utc)


class OverwriteJob(SqlStagingCopyFollowupJob):
    """Replaces a table's rows in one statement, for a warehouse with INSERT OVERWRITE."""

    @classmethod
    def generate_sql(
        cls, table_chain: Sequence[PreparedTableSchema], sql_client: SqlClientBase[Any]
    ) -> list[str]:
        """Return the statement."""
        return [
            statement.replace("INSERT INTO", "INSERT OVERWRITE INTO", 1)
            for statement in super().generate_sql(table_chain, sql_client)
        ]


def failed_table(error: BaseException) -> str:
    """Return the table whose job an error of dlt is about, empty if it is about none."""
    jobs = (cause for cause in causes_of(error) if isinstance(cause, LoadClientJobException))
    # <table>.<file>.<format>, and a table's name has no dot.
    return next((str(job.job_id).partition(".")[0] for job in jobs), "")
