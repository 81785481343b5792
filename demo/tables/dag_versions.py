"""The DAGs' own rows: what the real Airflow parsed, moved into the demo's time and place."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import sql

from demo.company import Company
from demo.present import NOW, SINCE, dice
from demo.simulation.records import History, Interval, PlannedDag
from demo.tables.copying import Connection, copy_rows, time_ordered_uuid

DAGS_FOLDER = "/opt/airflow/dags"
"""Where the company's servers keep the DAG files."""

AIRFLOW_FOLDER = "/home/airflow/.local/"
"""Where they keep Airflow."""

FIRST_DEPLOYED = SINCE - timedelta(days=38, hours=-10)


@dataclass(frozen=True)
class Version:
    """One version of one DAG, from its release on."""

    id: UUID
    number: int
    released_at: datetime
    bundle_version: str


class Versions:
    """The versions of all DAGs at a moment (Airflow 3).

    Attributes:
        by_dag: Those that were released by then.
        newest: Number of the one that the real Airflow parsed, which may be a later one.
    """

    def __init__(self, company: Company, until: datetime) -> None:
        released = {
            dag.dag_id: [
                _version(dag.dag_id, number, released_at)
                for number, released_at in enumerate(
                    dag.versions or (dag.starts or FIRST_DEPLOYED,), 1
                )
            ]
            for dag in company.dags.values()
        }
        self.newest = {dag_id: len(versions) for dag_id, versions in released.items()}
        self.by_dag = {
            dag_id: [each for each in versions if each.released_at <= until]
            for dag_id, versions in released.items()
        }

    def at(self, dag_id: str, moment: datetime) -> Version:
        """The version that ran at a moment; before the first release, the first."""
        versions = self.by_dag[dag_id]
        return next(
            (each for each in reversed(versions) if each.released_at <= moment), versions[0]
        )


def _version(dag_id: str, number: int, released_at: datetime) -> Version:
    sha = hashlib.sha1(released_at.isoformat().encode(), usedforsecurity=False).hexdigest()
    return Version(time_ordered_uuid(released_at, dag_id, "version"), number, released_at, sha)


def move_paths(connection: Connection, folder: str, is_airflow_3: bool) -> None:
    """Replace the folders in which the DAG files and Airflow lay by the company's.

    Args:
        connection: To the database that the real Airflow filled.
        folder: The folder as it stands in the rows.
        is_airflow_3: Whether the tables are those of Airflow 3.
    """
    columns = {
        "dag": ["fileloc"],
        "dag_code": ["fileloc"],
        "import_error": ["filename", "stacktrace"],
        "serialized_dag": [],
    }
    if not is_airflow_3:
        columns["dag"].append("processor_subdir")
        columns["import_error"].append("processor_subdir")
        columns["serialized_dag"] += ["fileloc", "processor_subdir"]
    for table, names in columns.items():
        for name in names:
            connection.execute(
                sql.SQL("update {table} set {name} = replace({name}, %s, %s)").format(
                    table=sql.Identifier(table), name=sql.Identifier(name)
                ),
                (folder, DAGS_FOLDER),
            )
    connection.execute(
        r"update import_error"
        r" set stacktrace = regexp_replace(stacktrace, '/[^ \"]*/(lib/python)', %s || '\1', 'g')",
        (AIRFLOW_FOLDER,),
    )
    kind = sql.SQL("jsonb" if is_airflow_3 else "json")
    connection.execute(
        sql.SQL("update serialized_dag set data = replace(data::text, %s, %s)::{}").format(kind),
        (folder, DAGS_FOLDER),
    )
    if is_airflow_3:
        return
    # Airflow 2 finds the source of a DAG by a hash of its path.
    for (fileloc,) in connection.execute("select fileloc from dag_code").fetchall():
        digest = hashlib.sha1(fileloc.encode(), usedforsecurity=False).digest()
        number = int.from_bytes(digest[-8:], "big") >> 8
        for table in ("dag_code", "serialized_dag"):
            connection.execute(
                sql.SQL("update {} set fileloc_hash = %s where fileloc = %s").format(
                    sql.Identifier(table)
                ),
                (number, fileloc),
            )


def settle_hashes(connection: Connection) -> None:
    """Give the serialized DAGs hashes that do not depend on where they were parsed."""
    connection.execute("update serialized_dag set dag_hash = md5(data::text)")


def write_dag_states(
    connection: Connection, company: Company, plan: dict[str, PlannedDag], history: History
) -> None:
    """Give the rows of `dag` their state at the end of the history."""
    newest: dict[str, datetime] = {}
    for run in history.runs:
        if run.kind == "scheduled" and run.logical_date:
            newest[run.dag_id] = max(newest.get(run.dag_id, run.logical_date), run.logical_date)
    for dag_id, dag in company.dags.items():
        chance = dice(dag_id, "parsed")
        parsed = history.until - timedelta(seconds=chance.uniform(1, 30))
        if dag.removed:
            parsed = dag.removed - timedelta(seconds=chance.uniform(1, 30))
        following = _next_interval(plan[dag_id], newest.get(dag_id), history.until)
        connection.execute(
            """
            update dag set is_paused = %s, last_parsed_time = %s, next_dagrun = %s,
                next_dagrun_data_interval_start = %s, next_dagrun_data_interval_end = %s,
                next_dagrun_create_after = %s
            where dag_id = %s
            """,
            (
                dag_id in history.paused,
                parsed,
                following and following.logical_date,
                following and following.start,
                following and following.end,
                following and following.run_after,
                dag_id,
            ),
        )
        if dag.removed and company.environment.is_airflow_3:
            connection.execute("update dag set is_stale = true where dag_id = %s", (dag_id,))
        elif dag.removed:
            connection.execute("update dag set is_active = false where dag_id = %s", (dag_id,))
            connection.execute("delete from serialized_dag where dag_id = %s", (dag_id,))
            connection.execute(
                "delete from dag_code where fileloc = (select fileloc from dag where dag_id = %s)",
                (dag_id,),
            )
    _forget_later_dags(connection, list(company.dags))
    if company.environment.is_airflow_3:
        connection.execute("update dag set last_parse_duration = 0.21")


def _forget_later_dags(connection: Connection, dag_ids: list[str]) -> None:
    """Delete all rows of DAGs that came later than the rest of the database."""
    tables = connection.execute(
        "select table_name from information_schema.columns"
        " where table_schema = 'public' and column_name = 'dag_id' order by 1"
    ).fetchall()
    # All of them go, so that no reference is left.
    connection.execute("set session_replication_role = replica")
    for (table,) in tables:
        connection.execute(
            sql.SQL("delete from {} where dag_id <> all(%s)").format(sql.Identifier(table)),
            (dag_ids,),
        )
    connection.execute("set session_replication_role = origin")
    if "dag_code" not in {table for (table,) in tables}:
        connection.execute("delete from dag_code where fileloc not in (select fileloc from dag)")


def _next_interval(
    planned: PlannedDag, newest: datetime | None, until: datetime
) -> Interval | None:
    for interval in planned.intervals:
        if interval.logical_date > newest if newest else interval.run_after > until:
            return interval
    return None


def settle_times(connection: Connection, until: datetime, is_airflow_3: bool) -> None:
    """Move the times that the real Airflow stamped while it parsed into the demo's time."""
    deployed = FIRST_DEPLOYED
    broken = NOW - timedelta(days=6, hours=3, minutes=11)
    warned = broken + timedelta(days=3)
    connection.execute("update import_error set timestamp = %s", (broken,))
    connection.execute("update dag_warning set timestamp = %s", (warned,))
    connection.execute("delete from import_error where timestamp > %s", (until,))
    connection.execute("delete from dag_warning where timestamp > %s", (until,))
    connection.execute("update log_template set created_at = %s", (deployed,))
    tables = (
        ["asset", "dag_schedule_asset_reference", "task_outlet_asset_reference"]
        if is_airflow_3
        else ["dataset", "dag_schedule_dataset_reference", "task_outlet_dataset_reference"]
    )
    for table in tables:
        connection.execute(
            sql.SQL("update {} set created_at = %s, updated_at = %s").format(sql.Identifier(table)),
            (deployed, deployed),
        )
    if not is_airflow_3:
        connection.execute("update dag_code set last_updated = %s", (deployed,))
        connection.execute("update serialized_dag set last_updated = %s", (deployed,))


def write_versions(connection: Connection, versions: Versions) -> None:
    """Make the one version that the real Airflow parsed of each DAG the last of several."""
    # The identities below refer to each other and change one by one.
    connection.execute("set session_replication_role = replica")
    for dag_id, released in versions.by_dag.items():
        if not released:
            continue
        found = connection.execute(
            "select id, bundle_name from dag_version where dag_id = %s", (dag_id,)
        ).fetchone()
        assert found
        parsed_id, bundle = found
        *earlier, latest = released
        _renumber_version(connection, parsed_id, latest, dag_id)
        if latest.number < versions.newest[dag_id]:
            connection.execute(
                "update serialized_dag set data = jsonb_set(data, '{dag,description}', %s)"
                " where dag_version_id = %s",
                (json.dumps(f"Version {latest.number}"), latest.id),
            )
        for version in earlier:
            _copy_version(connection, latest.id, bundle, version, dag_id)
    connection.execute("set session_replication_role = origin")


def _renumber_version(
    connection: Connection, parsed_id: UUID, version: Version, dag_id: str
) -> None:
    at = version.released_at
    serialized = time_ordered_uuid(at, dag_id, "serialized")
    alert = time_ordered_uuid(at, dag_id, "deadline")
    parsed_alert = connection.execute(
        "update deadline_alert as alert set id = %s, created_at = %s, serialized_dag_id = %s"
        " from deadline_alert as parsed where parsed.id = alert.id and parsed.serialized_dag_id ="
        " (select id from serialized_dag where dag_version_id = %s) returning parsed.id",
        (alert, at, serialized, parsed_id),
    ).fetchone()
    if parsed_alert:
        connection.execute(
            "update serialized_dag set data = replace(data::text, %s, %s)::jsonb"
            " where dag_version_id = %s",
            (str(parsed_alert[0]), str(alert), parsed_id),
        )
    for table, identity in (
        ("serialized_dag", serialized),
        ("dag_code", time_ordered_uuid(at, dag_id, "code")),
    ):
        connection.execute(
            sql.SQL(
                "update {} set id = %s, dag_version_id = %s, created_at = %s, last_updated = %s"
                " where dag_version_id = %s"
            ).format(sql.Identifier(table)),
            (identity, version.id, at, at, parsed_id),
        )
    connection.execute(
        "update dag_version set id = %s, version_number = %s, bundle_version = %s,"
        " created_at = %s, last_updated = %s where id = %s",
        (version.id, version.number, version.bundle_version, at, at, parsed_id),
    )
    connection.execute(
        "update dag set bundle_version = %s where dag_id = %s", (version.bundle_version, dag_id)
    )


def _copy_version(
    connection: Connection, latest_id: UUID, bundle: str, version: Version, dag_id: str
) -> None:
    """Add an older version, whose DAG differed in its description."""
    at = version.released_at
    older = {"created_at": at, "last_updated": at}
    copy_rows(
        connection,
        "dag_version",
        [
            {
                "id": version.id,
                "version_number": version.number,
                "dag_id": dag_id,
                "bundle_name": bundle,
                "bundle_version": version.bundle_version,
                **older,
            }
        ],
    )
    row = connection.execute(
        "select data from serialized_dag where dag_version_id = %s", (latest_id,)
    ).fetchone()
    code = connection.execute(
        "select fileloc, source_code from dag_code where dag_version_id = %s", (latest_id,)
    ).fetchone()
    assert row
    assert code
    (data,) = row
    data["dag"]["description"] = f"Version {version.number}"
    fileloc, source = code
    source = f"# Version {version.number}\n{source}"
    copy_rows(
        connection,
        "serialized_dag",
        [
            {
                "id": time_ordered_uuid(at, dag_id, "serialized"),
                "dag_id": dag_id,
                "data": json.dumps(data),
                "dag_hash": "",
                "dag_version_id": version.id,
                **older,
            }
        ],
    )
    copy_rows(
        connection,
        "dag_code",
        [
            {
                "id": time_ordered_uuid(at, dag_id, "code"),
                "dag_id": dag_id,
                "fileloc": fileloc,
                "source_code": source,
                "source_code_hash": hashlib.md5(source.encode(), usedforsecurity=False).hexdigest(),
                "dag_version_id": version.id,
                **older,
            }
        ],
    )
