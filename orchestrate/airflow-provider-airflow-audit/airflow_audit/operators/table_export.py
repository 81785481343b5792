"""The six steps of a table export: query, stage, check, load, check, clean up.

Each is a task of its own, so that Airflow shows which steps were done. They share the folder of
their run below ``stage_dir`` and their XComs, nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from airflow_audit.airflow_api import AirflowFailException
from airflow_audit.environment_slug import find_environment_slug
from airflow_audit.operators.meltano import MeltanoOperator
from airflow_audit.transfer import Transfer, resolve_transfer
from airflow_audit.warehouses import (
    DEFAULT_SERVICE_CONNECTION,
    DUCKDB,
    WAREHOUSES,
)

QUERY, STAGE, CHECK_STAGED = "query", "stage", "check_staged"
LOAD, CHECK_LOADED, CLEAN_UP = "load", "check_loaded", "clean_up"

_TAP = ("invoke", "tap-airflow-metadata")
_MESSAGES, _STATE, _FOLDERS_MODE = "messages.jsonl", "state.json", 0o700


class TableExportOperator(MeltanoOperator):
    """The base class of the six steps of an export.

    Each returns its counts as XCom: ``rows`` and ``bytes``, and by table in ``tables``.

    Args:
        tables: Names of the tables.
        mode: ``mirror``, ``append`` or ``merge``.
        export_name: Name of the export, part of the id of its state.
        destination_schema: Schema in the warehouse; by default ``airflow_<slug>_export``, beside
            the schema of :class:`~airflow_audit.operators.metadata_sync.MetadataSyncOperator`.
        environment_slug: See MetadataSyncOperator.
        source_conn_id: See MetadataSyncOperator.
        connection_id: See MetadataSyncOperator.
        service_connection_name: See MetadataSyncOperator.
        warehouse: ``duckdb``, ``snowflake``, ``redshift`` or ``bigquery``.
        stage_dir: Folder that all workers share; by default ``output/stage`` in the project.
        kwargs: Arguments of Airflow's BaseOperator, and ``project_dir``.
    """

    template_fields: Sequence[str] = (
        "tables",
        "mode",
        "export_name",
        "destination_schema",
        "environment_slug",
        "source_conn_id",
        "connection_id",
        "service_connection_name",
        "warehouse",
        "stage_dir",
        "project_dir",
    )

    def __init__(  # noqa: PLR0913  # operators take all their arguments here
        self,
        *,
        tables: Sequence[str],
        mode: str,
        export_name: str,
        destination_schema: str | None = None,
        environment_slug: str | None = None,
        source_conn_id: str | None = None,
        connection_id: str | None = None,
        service_connection_name: str = DEFAULT_SERVICE_CONNECTION,
        warehouse: str = DUCKDB.name,
        stage_dir: str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.tables = tables
        self.mode = mode
        self.export_name = export_name
        self.destination_schema = destination_schema
        self.environment_slug = environment_slug
        self.source_conn_id = source_conn_id
        self.connection_id = connection_id
        self.service_connection_name = service_connection_name
        self.warehouse = warehouse
        self.stage_dir = stage_dir

    def _transfer(self) -> Transfer:
        warehouse = WAREHOUSES[self.warehouse]
        slug = find_environment_slug(self.environment_slug)
        schema = self.destination_schema or warehouse.export_schema(slug)
        warehouse.check_schema(schema)
        return resolve_transfer(
            self.hook,
            warehouse,
            slug,
            schema,
            source_conn_id=self.source_conn_id,
            connection_id=self.connection_id,
            service_connection_name=self.service_connection_name,
        )

    def _run_folder(self, context: Mapping[str, Any]) -> Path:
        root = Path(self.stage_dir) if self.stage_dir else self.hook.project / "output" / "stage"
        run_id = context["run_id"]
        # Readable, and unique for each run.
        digest = hashlib.sha256(run_id.encode()).hexdigest()[:8]
        folder: Path = root / self.dag_id / f"{re.sub(r'[^A-Za-z0-9.-]', '_', run_id)}-{digest}"
        return folder

    def _messages(self, context: Mapping[str, Any]) -> Path:
        """Return the file with the staged Singer messages.

        Raises:
            AirflowFailException: It does not exist.
        """
        messages = self._run_folder(context) / _MESSAGES
        if not messages.exists():
            msg = (
                f"{messages} is not there. Either stage_dir is not a folder that all workers share,"
                f" or the files of this run are cleaned up; then clear its task {STAGE}"
            )
            raise AirflowFailException(msg)
        return messages

    def _environment(self, transfer: Transfer, folder: Path) -> dict[str, str]:
        storage = {"encoding": {"format": "parquet"}, "storage": {"root": folder.as_uri()}}
        return transfer.environment | {
            "TAP_AIRFLOW_METADATA_TABLES": json.dumps(list(self.tables)),
            "TAP_AIRFLOW_METADATA_BATCH_CONFIG": json.dumps(storage),
            "AIRFLOW_AUDIT_MODE": self.mode,
        }

    def _state_id(self, transfer: Transfer) -> str:
        place = f"{self.warehouse}.{transfer.state_id_suffix}"
        return f"table-export.{self.export_name}.{self.mode}.{place}"

    def _state_arguments(self, transfer: Transfer, folder: Path) -> list[str]:
        """Return the tap's arguments with the state of the last load."""
        state = {}
        if self.mode != "mirror":
            lines = self.hook.output(
                ["state", "get", self._state_id(transfer)],
                environment=transfer.environment,
                secrets=transfer.secrets,
            )
            state = json.loads("".join(lines) or "{}").get("singer_state", {})
        file = folder / _STATE
        file.write_text(json.dumps(state), encoding="utf-8")
        return ["--state", str(file)]

    def _query_tap(
        self, transfer: Transfer, folder: Path, *arguments: str
    ) -> dict[str, dict[str, Any]]:
        """Run the tap and return what it prints, by table."""
        lines = self.hook.output(
            [*_TAP, *arguments],
            environment=self._environment(transfer, folder),
            secrets=transfer.secrets,
        )
        found = {entry.pop("table"): entry for entry in map(json.loads, lines)}
        self._require_all_tables(found)
        return found

    def _require_all_tables(self, found: Mapping[str, Any]) -> None:
        if missing := [name for name in self.tables if name not in found]:
            msg = (
                f"{', '.join(missing)}: not read. The login may not read it and the setting"
                " skip_unreadable_tables is on; grant the rights, or leave the table out"
            )
            raise AirflowFailException(msg)

    def _totals(
        self, tables: Mapping[str, Mapping[str, Any]], rows: str, size: str
    ) -> dict[str, Any]:
        """Log the counts, and return them with their sums for XCom."""
        for name, counts in tables.items():
            counted = "uncounted" if counts[rows] is None else f"{counts[rows]:,}"
            self.log.info("%s: %s rows, %s bytes", name, counted, f"{counts[size]:,}")
        found = [counts[rows] for counts in tables.values()]
        return {
            "rows": None if None in found else sum(found),
            "bytes": sum(counts[size] for counts in tables.values()),
            "tables": {name: dict(counts) for name, counts in tables.items()},
        }


class QueryTablesOperator(TableExportOperator):
    """Logs in, and logs each table's query, rows and bytes at the source."""

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Run the tap with ``--queries``.

        Raises:
            AirflowFailException: Trying again will not help.
            AirflowException: It may.
        """
        transfer, folder = self._transfer(), self._run_folder(context)
        folder.mkdir(_FOLDERS_MODE, parents=True, exist_ok=True)
        tables = self._query_tap(
            transfer, folder, "--queries", *self._state_arguments(transfer, folder)
        )
        for name, table in tables.items():
            self.log.info("%s: %s", name, table["sql"] or "this Airflow has no such table")
        return self._totals(tables, "source_rows", "source_bytes")


class StageTablesOperator(TableExportOperator):
    """Reads the tables in one transaction into Parquet files and Singer messages."""

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Run the tap.

        Raises:
            AirflowFailException: Trying again will not help.
            AirflowException: It may.
        """
        transfer, folder = self._transfer(), self._run_folder(context)
        # An earlier try may have left files that are incomplete.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(_FOLDERS_MODE, parents=True)
        with (folder / _MESSAGES).open("w", encoding="utf-8") as messages:
            log = self.hook.run(
                [*_TAP, *self._state_arguments(transfer, folder)],
                environment=self._environment(transfer, folder),
                secrets=transfer.secrets,
                stdout=messages,
            )
        self._require_all_tables(log.tables)
        self.log.info("Staged in %s", folder)
        return self._totals(log.tables, "sent_rows", "bytes")


class CheckStagedOperator(TableExportOperator):
    """Checks that the staged files are complete and match the source."""

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Run the tap with ``--check-messages``.

        Raises:
            AirflowFailException: Source, messages, manifest and files differ.
        """
        messages = self._messages(context)
        tables = self._query_tap(
            self._transfer(), messages.parent, "--check-messages", str(messages)
        )
        return self._totals(tables, "staged_rows", "staged_bytes")


class LoadTablesOperator(TableExportOperator):
    """Loads the staged files into the warehouse."""

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Run the loader.

        Raises:
            AirflowFailException: Trying again will not help.
            AirflowException: It may.
        """
        transfer, messages = self._transfer(), self._messages(context)
        staged = _pull_xcom(context, CHECK_STAGED)["tables"]
        if gone := [file for file in _batch_files(messages) if not file.exists()]:
            # All files existed when they were checked, and the loader removes them only after its
            # commit. So an earlier try has loaded everything.
            self.log.warning("%s is gone: an earlier try has loaded it", gone[0])
        else:
            self.hook.run(
                ["invoke", transfer.warehouse.loader, "--input", str(messages)],
                environment=transfer.environment,
                secrets=transfer.secrets,
            )
        return self._totals(staged, "staged_rows", "staged_bytes")


class CheckLoadedOperator(TableExportOperator):
    """Checks that the warehouse holds exactly the staged rows, and saves the state."""

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Count the rows of this run's moment with dbt, then save the state.

        Raises:
            AirflowFailException: Staged and loaded rows differ.
            AirflowException: Counting them failed; a retry may help.
        """
        transfer, messages = self._transfer(), self._messages(context)
        staged = _pull_xcom(context, CHECK_STAGED)["tables"]
        loaded = self._count(transfer, next(iter(staged.values()))["extracted_at"])
        if problems := [
            problem
            for name, counts in staged.items()
            if (problem := self._mismatch(transfer, name, counts, loaded[name]))
        ]:
            raise AirflowFailException("; ".join(problems))
        if self.mode != "mirror":
            self._save_state(transfer, messages)
        tables = {
            name: counts | {"loaded_rows": counts["staged_rows"]} for name, counts in staged.items()
        }
        return self._totals(tables, "loaded_rows", "staged_bytes")

    def _count(self, transfer: Transfer, moment: str) -> dict[str, dict[str, int | None]]:
        arguments = {
            "schema": transfer.schema,
            "table_names": list(self.tables),
            "extracted_at": moment,
        }
        lines = self.hook.output(
            [
                *(
                    "invoke",
                    transfer.warehouse.dbt,
                    "--quiet",
                    "run-operation",
                    "count_loaded_rows",
                ),
                *("--args", json.dumps(arguments)),
            ],
            environment=transfer.environment,
            secrets=transfer.secrets,
        )
        counts = {}
        for line in lines:
            if line.startswith("{"):
                entry = json.loads(line)
                counts[entry.pop("table")] = entry
            elif line.strip():
                self.log.info("dbt: %s", line.rstrip())
        return counts

    def _mismatch(
        self,
        transfer: Transfer,
        name: str,
        staged: Mapping[str, Any],
        loaded: Mapping[str, int | None],
    ) -> str | None:
        """Return how a loaded table differs from what was staged, None if it does not."""
        place = f"{transfer.schema}.{name} of {transfer.warehouse.name}"
        counted = staged["source_rows"]
        at_source = "uncounted" if counted is None else f"{counted:,}"
        expected = f"{name}: {at_source} rows at the source"
        expected = f"{expected}, {staged['staged_rows']:,} staged"
        if loaded["rows"] is None:
            return f"{expected}, but there is no {place}"
        if loaded["rows_of_moment"] != staged["staged_rows"]:
            return f"{expected}, but {place} has {loaded['rows_of_moment']:,} of this moment"
        if self.mode == "mirror" and loaded["rows"] != staged["staged_rows"]:
            return f"{expected}, but {place} has {loaded['rows']:,} in all"
        return None

    def _save_state(self, transfer: Transfer, messages: Path) -> None:
        with messages.open(encoding="utf-8") as lines:
            state = next(m for m in map(json.loads, lines) if m["type"] == "STATE")["value"]
        file = messages.with_name(_STATE)
        file.write_text(json.dumps({"singer_state": state}), encoding="utf-8")
        self.hook.run(
            ["state", "set", "--force", "--input-file", str(file), self._state_id(transfer)],
            environment=transfer.environment,
            secrets=transfer.secrets,
        )


class CleanUpOperator(TableExportOperator):
    """Removes the folder of the run, whether it succeeded or not."""

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Remove the folder if it exists."""
        folder = self._run_folder(context)
        files = [path for path in folder.rglob("*") if path.is_file()]
        counts = {"files": len(files), "bytes": sum(path.stat().st_size for path in files)}
        if folder.exists():
            shutil.rmtree(folder)
        with contextlib.suppress(OSError):  # another run has its folder there
            folder.parent.rmdir()
        self.log.info("Removed %s: %d files, %s bytes", folder, len(files), f"{counts['bytes']:,}")
        return counts


def _pull_xcom(context: Mapping[str, Any], task_id: str) -> dict[str, Any]:
    value: dict[str, Any] = context["ti"].xcom_pull(task_ids=task_id)
    return value


def _batch_files(messages: Path) -> list[Path]:
    with messages.open(encoding="utf-8") as lines:
        batches = [m for m in map(json.loads, lines) if m["type"] == "BATCH"]
    return [Path(url2pathname(urlsplit(url).path)) for m in batches for url in m["manifest"]]
