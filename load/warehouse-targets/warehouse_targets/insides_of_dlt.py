"""What this package knows of dlt beyond its documented use.

``tests/load/test_insides_of_dlt.py`` holds all of it to the installed release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from dlt.common.schema.typing import TSchemaTables
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


def without_dlt_tables(
    kind: type[Destination[Any, Any]], client: type[JobClientBase]
) -> type[Destination[Any, Any]]:
    """Return a kind of destination that makes, asks and writes none of the tables dlt keeps.

    They serve what this loader does not use, grow with every load, and cost statements. Without
    them dlt compares with the real columns each time.

    Args:
        kind: dlt's class of the destination.
        client: Its job client.
    """
    made = type(client.__name__, (_WithoutDltTables, client), {})
    return type(kind.__name__, (kind,), {"client_class": made})


class _WithoutDltTables:
    """Has dlt take its schema for stored, so as not to store it, and update all the same."""

    schema: Schema

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
