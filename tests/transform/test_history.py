"""What the snapshots remember of a story told in three syncs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from tap_airflow_metadata.catalogue import load_catalogue
from tests.transform.conftest import BOTH, OneBuild
from tests.transform.environments import AIRFLOW_2, AIRFLOW_3, GONE_AT, THREE, TWO
from tests.transform.raw_tables import SYNCED_AT, Row, insert
from tests.transform.running_dbt import PROJECT, DbtProject

SNAPSHOTS = sorted(path.stem for path in PROJECT.glob("snapshots/airflow/*.sql"))
MARTS = ["dim_dags_history", "fct_import_errors"]

MOMENTS = {
    TWO: [SYNCED_AT, SYNCED_AT + timedelta(days=1), SYNCED_AT + timedelta(days=2)],
    THREE: [SYNCED_AT, SYNCED_AT + timedelta(hours=30), SYNCED_AT + timedelta(hours=60)],
}

State = Mapping[str, Sequence[Row]]


def _story() -> dict[str, list[State]]:
    """What changed at the source before the second and the third sync."""
    sales, old = AIRFLOW_2["dag"][:2]
    _, second, third = MOMENTS[TWO]
    changed = dict(sales) | {
        "is_paused": True,
        "schedule_interval": '"@hourly"',
        "owners": "finance",
        "last_parsed_time": second,
    }
    late = {"id": 2, "filename": "/dags/late.py", "timestamp": second - timedelta(hours=1)}
    (crm,) = AIRFLOW_3["connection"]
    return {
        TWO: [
            {
                "dag": [changed, old],
                "import_error": [late],
                "ab_role": AIRFLOW_2["ab_role"][:1],
                "ab_user_role": AIRFLOW_2["ab_user_role"][:1],
                "ab_permission_view_role": AIRFLOW_2["ab_permission_view_role"][:2],
            },
            {
                "dag": [changed | {"is_paused": False, "last_parsed_time": third}, old],
                "import_error": [
                    # Found broken again under a new number, as some versions do.
                    late | {"id": 3, "timestamp": third - timedelta(minutes=1)},
                    {
                        "id": 4,
                        "filename": "/dags/broken.py",
                        "timestamp": third - timedelta(minutes=5),
                    },
                ],
            },
        ],
        THREE: [{"connection": []}, {"connection": [dict(crm) | {"id": 2}]}],
    }


def _sync(
    warehouse: duckdb.DuckDBPyConnection, slug: str, moment: datetime, state: State, mode: str
) -> None:
    """Load whole tables as the loader does."""
    for table, rows in state.items():
        name = f'"airflow_{slug}"."{table}"'
        (key,) = load_catalogue()[table].key[0]
        if mode == "mirror":
            warehouse.execute(f"delete from {name}")
        for row in rows:
            warehouse.execute(f"delete from {name} where {key} = ?", [row[key]])
        insert(warehouse, slug, table, [{"_sdc_extracted_at": moment} | dict(r) for r in rows])
        warehouse.execute(
            f"update {name} set _sdc_deleted_at = $moment"
            " where _sdc_deleted_at is null and _sdc_extracted_at < $moment",
            {"moment": moment},
        )
        told = {
            "sync_id": str(moment),
            "table_name": table,
            "mode": mode,
            "is_full_read": True,
            "cleaned_rows": 0,
            "_sdc_extracted_at": moment,
        }
        insert(warehouse, slug, "_sync_manifest", [told])


def _build(project: DbtProject, *selected: str, **environment: str) -> None:
    selection = selected or (*SNAPSHOTS, *MARTS)
    settings = {"ENVIRONMENT_SLUGS": BOTH} | environment
    # Of the data tests only those of what is built.
    limits = ("--exclude-resource-type", "unit_test", "--indirect-selection", "cautious")
    run = project.run("build", *limits, "--select", *selection, **settings)
    assert run.exit_code == 0, run.output


def _ask(project: DbtProject, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("set TimeZone = 'UTC'; set search_path = 'airflow_audit_history'")
        return warehouse.execute(query).fetchall()


def _remembered(project: DbtProject) -> dict[str, list[tuple[Any, ...]]]:
    return {snapshot: _ask(project, f"from {snapshot} order by all") for snapshot in SNAPSHOTS}


def _tell(project: DbtProject, mode: str) -> None:
    story = _story()
    for number in (1, 2):
        with duckdb.connect(str(project.warehouse)) as warehouse:
            for slug, states in story.items():
                _sync(warehouse, slug, MOMENTS[slug][number], states[number - 1], mode)
        _build(project)


@pytest.fixture(scope="module")
def told(built: OneBuild, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], DbtProject]:
    """Return a function that gives the project after the story, in a mode."""
    folder = tmp_path_factory.mktemp("history")
    project = built.project

    def told(mode: str) -> DbtProject:
        after = folder / f"{mode}.duckdb"
        if not after.exists():
            shutil.copy(built.warehouse, project.warehouse)
            _tell(project, mode)
            shutil.copy(project.warehouse, after)
        shutil.copy(after, project.warehouse)
        return project

    return told


@pytest.mark.parametrize("mode", ["merge", "mirror"])
def test_the_story_is_told_with_the_times_of_the_syncs(
    told: Callable[[str], DbtProject], mode: str
) -> None:
    project = told(mode)
    first, second, third = MOMENTS[TWO]

    assert _ask(
        project,
        "select dag_id, is_paused, schedule, owner_names, is_deleted_at_source, valid_from_at,"
        f" valid_to_at from airflow_audit.dim_dags_history where environment_slug = '{TWO}'"
        " order by 1, history_number",
    ) == [
        ("dropped", None, None, None, True, GONE_AT, None),
        ("old", True, None, None, False, first, None),
        ("sales", False, "0 0 * * *", "shop", False, first, second),
        ("sales", True, "0 * * * *", "finance", False, second, third),
        ("sales", False, "0 * * * *", "finance", False, third, None),
    ]
    assert _ask(
        project,
        "select file_path, first_seen_at, resolved_at from airflow_audit.fct_import_errors"
        f" where environment_slug = '{TWO}' order by 1, 2",
    ) == [
        ("/dags/broken.py", first - timedelta(hours=2), second),
        ("/dags/broken.py", third - timedelta(minutes=5), None),
        ("/dags/late.py", second - timedelta(hours=1), None),
    ]
    assert _ask(
        project,
        "select environment_slug, conn_id, connection_id, is_deleted_at_source, dbt_valid_from,"
        " dbt_valid_to from snap_airflow__connections where conn_id = 'crm'"
        " order by dbt_valid_from",
    ) == [
        (THREE, "crm", 1, False, MOMENTS[THREE][0], MOMENTS[THREE][1]),
        (THREE, "crm", 1, True, MOMENTS[THREE][1], MOMENTS[THREE][2]),
        (THREE, "crm", 2, False, MOMENTS[THREE][2], None),
    ]
    for snapshot, what in (
        ("roles", "role_name = 'sales_team'"),
        ("user_roles", "user_id = 2 and role_id = 2"),
        ("role_permissions", "role_id = 2 and resource_name = 'DAG:sales'"),
    ):
        assert _ask(
            project,
            "select is_deleted_at_source, dbt_valid_from, dbt_valid_to"
            f" from snap_airflow__{snapshot} where {what} and environment_slug = '{TWO}'"
            " order by dbt_valid_from",
        ) == [(False, first, second), (True, second, None)], snapshot


def test_what_tells_nothing_new_changes_nothing(told: Callable[[str], DbtProject]) -> None:
    project = told("mirror")
    expected = _remembered(project)

    _build(project)
    assert _remembered(project) == expected, "built twice"

    _build(project, "+dim_dags_history", *SNAPSHOTS, ENVIRONMENT_SLUGS=TWO)
    assert _remembered(project) == expected, "built without an environment"
    assert _ask(
        project, "select distinct environment_slug from airflow_audit.dim_dags_history"
    ) == [(TWO,)]

    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(f'drop table "airflow_{THREE}".connection')
    left_out = {"AIRFLOW_AUDIT_TABLES_NOT_SYNCED": f"{THREE}.connection"}
    _build(project, "+snap_airflow__connections", **left_out)
    assert _remembered(project) == expected, "built without a table"

    older = {"dag": AIRFLOW_2["dag"][:1], "ab_role": [{"id": 7, "name": "Admin"}]}
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(f"delete from \"airflow_{TWO}\"._sync_manifest where mode = 'mirror'")
        _sync(warehouse, TWO, SYNCED_AT - timedelta(hours=1), older, "mirror")
    _build(project, "+snap_airflow__dags", "+snap_airflow__roles")
    assert _remembered(project) == expected, "built from an older copy"


def test_a_connection_that_was_led_elsewhere(told: Callable[[str], DbtProject]) -> None:
    """Also in a warehouse whose history did not watch where connections lead."""
    project = told("merge")
    (crm,) = AIRFLOW_3["connection"]
    crm = dict(crm) | {"id": 2}
    _, _, third = MOMENTS[THREE]
    later = [third + timedelta(hours=hours) for hours in (1, 2)]
    with duckdb.connect(str(project.warehouse)) as warehouse:
        for column in ("host", "port", "connection_schema", "is_address_known"):
            warehouse.execute(
                f"alter table airflow_audit_history.snap_airflow__connections drop {column}"
            )
    for moment, host in zip(later, (None, "elsewhere.example.org"), strict=True):
        with duckdb.connect(str(project.warehouse)) as warehouse:
            _sync(warehouse, THREE, moment, {"connection": [crm | {"host": host}]}, "merge")
        _build(project, "snap_airflow__connections", "fct_config_changes")
    assert _ask(
        project,
        "select action, changed_columns, is_attributed, actor_name, changed_at, unchanged_until_at"
        " from airflow_audit.fct_config_changes"
        f" where object_name = 'crm' and environment_slug = '{THREE}' and action = 'edit'",
    ) == [("edit", "host", False, None, later[1], later[0])]
