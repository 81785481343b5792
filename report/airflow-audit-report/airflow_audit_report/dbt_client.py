"""A client of dbt, whose project has the SQL of the report, and whose profile the login."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from airflow_audit_report.errors import (
    MartsError,
    ReportError,
    ReportSettingsError,
    ReportUnavailableError,
)

Value = str | int | float | bool | None

_MISSING = re.compile(
    r"does not exist|Not found: (Table|Dataset)|No such (table|schema)", re.IGNORECASE
)
_BUSY = re.compile(
    r"set lock on file|timed? ?out|could not connect|connection refused|unreachable|rate ?limit"
    r"|quota|temporarily|shutting down|starting up|too many connections",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"password|authenticat|credential|permission|denied|not authorized|Env var required",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class AnalysisResult:
    """The result of one analysis.

    Attributes:
        columns: Names.
        rows: Values; times and dates as ISO 8601.
        sql: The query, as the warehouse got it.
        marts: The marts that it reads.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    sql: str
    marts: tuple[str, ...]


class DbtClient:
    """Runs the analyses of a dbt project in this process.

    tests/report/test_dbt_client.py holds dbt to what this relies on.
    """

    def __init__(self) -> None:
        """Parse the project; DBT_PROJECT_DIR and DBT_PROFILES_DIR name it.

        Raises:
            ReportError: The project or the settings cannot be read.
        """
        _require_duckdb_file()
        # Takes a second or two, which --help need not wait for.
        from dbt.cli.main import dbtRunner  # noqa: PLC0415

        self._dbt = dbtRunner(manifest=_invoke(dbtRunner(), "parse"))

    def run_analyses(
        self, selection: str, variables: Mapping[str, str]
    ) -> dict[str, AnalysisResult]:
        """Run analyses, and return their results by name.

        Args:
            selection: What to run, as dbt's --select takes it.
            variables: Environment variables that the analyses read.

        Raises:
            ReportError: The warehouse cannot be reached, or refuses one.
        """
        os.environ.update(variables)
        results = _invoke(self._dbt, "show", "--select", selection, "--limit", "-1").results
        return {result.node.name: _analysis_result(result) for result in results}


def _analysis_result(result: Any) -> AnalysisResult:  # noqa: ANN401  # dbt's RunResult
    table, node = result.agate_table, result.node
    marts = sorted(identifier.rpartition(".")[2] for identifier in node.depends_on.nodes)
    return AnalysisResult(
        tuple(name.lower() for name in table.column_names),
        tuple(tuple(_json_value(value) for value in row) for row in table.rows),
        node.compiled_code.strip(),
        tuple(marts),
    )


def _json_value(value: Value | date | Decimal) -> Value:
    if isinstance(value, datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return zoned.astimezone(timezone.utc).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        value = int(value) if value.is_finite() and value == int(value) else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _invoke(dbt: Any, *arguments: str) -> Any:  # noqa: ANN401  # dbtRunner, and a result of its
    """Run a command of dbt that prints nothing, and leaves what `dbt build` left in target/.

    Raises:
        ReportError: It failed.
    """
    options = ("--log-level=none", "--log-level-file=none", "--no-write-json", *arguments)
    outcome = dbt.invoke(list(options))
    if not outcome.success:
        raise _translated(str(outcome.exception)) from outcome.exception
    return outcome.result


def _require_duckdb_file() -> None:
    """Make sure that the file exists, because DuckDB would create it.

    Raises:
        ReportSettingsError: It is missing.
    """
    path = os.environ.get("TARGET_DUCKDB_PATH")
    if os.environ.get("AIRFLOW_AUDIT_WAREHOUSE", "duckdb") == "duckdb":
        if not path:
            msg = "TARGET_DUCKDB_PATH is not set. Run it by Meltano: meltano invoke audit-report"
            raise ReportSettingsError(msg)
        if not os.path.exists(path):  # noqa: PTH110
            msg = f"There is no {path}. Sync and build first, or set TARGET_DUCKDB_PATH"
            raise ReportSettingsError(msg)


def _translated(output: str) -> ReportError:
    """Turn dbt's message into an error of ours; dbt keeps a driver's text, but not its code."""
    lines = " ".join(line.strip() for line in output.splitlines() if line.strip())
    if _BUSY.search(output):
        return ReportUnavailableError(
            f"The warehouse cannot be asked now. {lines}. Try again later"
        )
    if _REFUSED.search(output):
        return MartsError(f"{lines}. Check the settings of the warehouse, which are the loader's")
    if "Out of Memory Error" in output:
        return MartsError(f"{lines}. Let DuckDB have more memory: TARGET_DUCKDB_MEMORY_LIMIT")
    if _MISSING.search(output):
        return MartsError(
            f"A mart is missing. {lines}. Build the marts first: meltano invoke dbt:build"
        )
    return MartsError(lines)
