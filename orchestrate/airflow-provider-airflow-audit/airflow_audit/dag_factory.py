"""DAGs that export Airflow's metadata database, one a table or a group of tables.

In a file of the DAGs folder::

    from airflow_audit.dag_factory import table_export_dags

    globals().update(table_export_dags())
"""

from __future__ import annotations

import difflib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

from airflow import __version__ as airflow_version

from airflow_audit.airflow_api import DAG
from airflow_audit.environment_slug import find_environment_slug
from airflow_audit.metadata_tables import metadata_tables
from airflow_audit.operators import table_export as steps
from airflow_audit.warehouses import DEFAULT_SERVICE_CONNECTION, DUCKDB, WAREHOUSES

_log = logging.getLogger(__name__)

_MODES = {
    "truncate": "mirror",
    "append": "append",
    "merge": "merge",
    # As Google BigQuery calls them.
    "WRITE_TRUNCATE": "mirror",
    "WRITE_APPEND": "append",
}
_MODE_TEXTS = {
    "mirror": "Afterwards they are exactly what Airflow has; rows that are gone from it are gone.",
    "append": "Rows that are new or changed since the last run are added, as further versions.",
    "merge": "One row per key, the newest; rows that are gone from Airflow are marked when a table"
    " is read whole.",
}
# A DuckDB file that another load has open is free again after a moment.
_DEFAULT_ARGS = {"retries": 4, "retry_delay": timedelta(minutes=1)}
_DAY = timedelta(days=1)
_START = datetime(2024, 1, 1, tzinfo=timezone.utc)  # before any run; there is no catching up


def table_export_dags(  # noqa: PLR0913  # all that a user may set
    *,
    tables: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    write_disposition: str = "truncate",
    window_start: str = "00:00",
    window_length: timedelta = timedelta(minutes=30),
    destination_schema: str | None = None,
    environment_slug: str | None = None,
    source_conn_id: str | None = None,
    connection_id: str | None = None,
    service_connection_name: str = DEFAULT_SERVICE_CONNECTION,
    warehouse: str = DUCKDB.name,
    stage_dir: str | None = None,
    project_dir: str | None = None,
    dag_id_prefix: str = "airflow_metadata_export__",
    default_args: Mapping[str, Any] | None = None,
    tags: Sequence[str] = ("airflow-audit",),
) -> dict[str, DAG]:
    """Make a DAG for each table, or for each group of tables.

    Args:
        tables: Names, for a DAG each; or names by group, for a DAG each group, whose tables are
            read in one moment. By default every table that this Airflow has and that may be read
            without being named. Tables that this Airflow does not have, or that are never read, get
            no DAG; the DAGs' documentation and the log say so.
        write_disposition: ``truncate`` (or ``WRITE_TRUNCATE``), ``append`` (or ``WRITE_APPEND``)
            or ``merge``.
        window_start: When the first DAG starts every day, ``HH:MM`` in UTC.
        window_length: The DAGs start evenly staggered within it.
        destination_schema: Schema in the warehouse; by default ``airflow_<slug>_export``.
        environment_slug: Short name of this Airflow; by default the environment's.
        source_conn_id: An Airflow connection to the metadata database.
        connection_id: An Airflow connection to the warehouse.
        service_connection_name: See MetadataSyncOperator.
        warehouse: ``duckdb``, ``snowflake``, ``redshift`` or ``bigquery``.
        stage_dir: Folder for files on their way, which all workers share; by default
            ``output/stage`` in the project.
        project_dir: Folder of the Meltano project; by default that of ``[airflow_audit]``.
        dag_id_prefix: Prefix of the DAG ids, before the name of the table or group.
        default_args: Airflow's ``default_args`` of all tasks.
        tags: Tags of the DAGs.

    Returns:
        The DAGs by id, for ``globals().update(…)``.

    Raises:
        ValueError: An argument is wrong.
        AirflowFailException: The slug or the schema is not a valid name.
    """
    mode = _look_up("write_disposition", write_disposition, _MODES)
    target = _look_up("warehouse", warehouse, WAREHOUSES)
    if destination_schema:
        target.check_schema(destination_schema)
    if environment_slug and "{{" not in environment_slug:
        find_environment_slug(environment_slug)
    if stage_dir and "{{" not in stage_dir and not Path(stage_dir).is_absolute():
        msg = f"stage_dir is {stage_dir!r}. It has to be an absolute path, the same on every worker"
        raise ValueError(msg)
    groups = _table_groups(tables)
    excluded = _excluded_tables(groups)
    groups = {
        name: kept
        for name, names in groups.items()
        if (kept := [table for table in names if table not in excluded])
    }
    if excluded:
        reasons = "; ".join(f"{name} ({reason})" for name, reason in excluded.items())
        _log.info("Tables that are not exported: %s", reasons)
    arguments = {
        "mode": mode,
        "destination_schema": destination_schema,
        "environment_slug": environment_slug,
        "source_conn_id": source_conn_id,
        "connection_id": connection_id,
        "service_connection_name": service_connection_name,
        "warehouse": warehouse,
        "stage_dir": stage_dir,
        "project_dir": project_dir,
    }
    dags = {}
    schedules = _schedules(window_start, window_length, len(groups))
    for (name, names), schedule in zip(groups.items(), schedules):  # noqa: B905  # Python 3.9
        dag = DAG(
            dag_id=f"{dag_id_prefix}{name}",
            description=f"Exports {', '.join(names)} of Airflow's metadata database",
            doc_md=_doc_md(names, mode, warehouse, excluded),
            schedule=schedule,
            start_date=_START,
            catchup=False,
            # Two runs would load the same table.
            max_active_runs=1,
            default_args={**_DEFAULT_ARGS, **(default_args or {})},
            tags=list(tags),
        )
        _add_steps(dag, {"tables": names, "export_name": name, **arguments})
        dags[dag.dag_id] = dag
    return dags


def _add_steps(dag: DAG, arguments: Mapping[str, Any]) -> None:
    operators = {
        steps.QUERY: steps.QueryTablesOperator,
        steps.STAGE: steps.StageTablesOperator,
        steps.CHECK_STAGED: steps.CheckStagedOperator,
        steps.LOAD: steps.LoadTablesOperator,
        steps.CHECK_LOADED: steps.CheckLoadedOperator,
        steps.CLEAN_UP: steps.CleanUpOperator,
    }
    tasks = [
        operator(task_id=task_id, dag=dag, **arguments) for task_id, operator in operators.items()
    ]
    for before, after in zip(tasks[:-1], tasks[1:]):  # noqa: B905, RUF007  # Python 3.9
        before.set_downstream(after)
    # A teardown always runs, and does not decide whether the run has succeeded.
    tasks[-1].as_teardown()


def _look_up(argument: str, given: str, known: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if given not in known:
        msg = f"{argument} is {given!r}; it is one of {', '.join(known)}"
        raise ValueError(msg)
    return known[given]


def _table_groups(
    tables: Sequence[str] | Mapping[str, Sequence[str]] | None,
) -> dict[str, list[str]]:
    """Return the tables of each DAG, by the name of the group."""
    if tables is None:
        known = metadata_tables().values()
        return {
            table.name: [table.name]
            for table in known
            if table.read == "default" and table.exists_in(airflow_version)
        }
    if isinstance(tables, Mapping):
        groups = {name: _table_names(f"tables[{name!r}]", given) for name, given in tables.items()}
    else:
        groups = {name: [name] for name in _table_names("tables", tables)}
    if not groups:
        msg = "tables names no table. Leave it out for every table of this Airflow"
        raise ValueError(msg)
    counts = Counter(name for names in groups.values() for name in names)
    if twice := [name for name, count in counts.items() if count > 1]:
        msg = f"tables names {', '.join(twice)} in two groups, which would load it twice"
        raise ValueError(msg)
    return groups


def _table_names(argument: str, given: Iterable[str]) -> list[str]:
    """Return the names as a list, after checking that the catalogue has them."""
    names = [] if isinstance(given, str) else list(given)
    if not names:
        msg = f"{argument} is {given!r}; it has to be a list of names of tables"
        raise ValueError(msg)
    known = metadata_tables()
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            msg = f"{argument} names {name!r}, which is no table of Airflow 2.4 to 3.4.{hint}"
            raise ValueError(msg)
        if names.count(name) > 1:
            msg = f"{argument} names {name!r} twice"
            raise ValueError(msg)
    return names


def _excluded_tables(groups: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return the reasons for requested tables that cannot be read."""
    known = metadata_tables()
    reasons = {
        name: known[name].exclusion_reason(airflow_version)
        for names in groups.values()
        for name in names
    }
    return {name: reason for name, reason in reasons.items() if reason}


def _schedules(window_start: str, window_length: timedelta, count: int) -> list[str]:
    """Return a cron expression for each of ``count`` DAGs."""
    if not re.fullmatch(r"\d\d:\d\d", str(window_start)):
        msg = f"window_start is {window_start!r}; it has to be HH:MM, in UTC"
        raise ValueError(msg)
    start = time.fromisoformat(window_start)
    if not isinstance(window_length, timedelta) or not timedelta(0) <= window_length <= _DAY:
        msg = f"window_length is {window_length!r}; it has to be a timedelta of at most a day"
        raise ValueError(msg)
    first = start.hour * 60 + start.minute
    minutes = (first + int(window_length * i / count / timedelta(minutes=1)) for i in range(count))
    return [f"{minute % 60} {minute // 60 % 24} * * *" for minute in minutes]


def _doc_md(names: Sequence[str], mode: str, warehouse: str, excluded: Mapping[str, str]) -> str:
    listed = ", ".join(f"`{name}`" for name in names)
    lines = [
        f"Exports {listed} of Airflow's metadata database to {warehouse}. {_MODE_TEXTS[mode]}",
        "",
        "| task | what it does |",
        "|---|---|",
        "| `query` | logs in; logs each table's query, rows and bytes |",
        "| `stage` | reads into Parquet files, all tables in one moment |",
        "| `check_staged` | counts the files against the source |",
        "| `load` | loads the files into the warehouse |",
        "| `check_loaded` | counts the warehouse against the files |",
        "| `clean_up` | removes the files, however the run ended |",
        "",
        "An empty table is fine; any difference fails the run.",
    ]
    if excluded:
        lines += ["", "Not exported, though asked for:", "", "| table | why |", "|---|---|"]
        lines += [f"| `{name}` | {reason} |" for name, reason in excluded.items()]
    return "\n".join(lines)
