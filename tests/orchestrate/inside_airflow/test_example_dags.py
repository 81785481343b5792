"""The project's DAG files, and the one that Datacoves' users have, as Airflow reads them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from airflow.configuration import conf
from airflow_audit.compiled_schedules import compile_schedules

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag

try:
    from airflow.serialization.serialized_objects import DagSerialization as Serialization
except ImportError:
    from airflow.serialization.serialized_objects import SerializedDAG as Serialization

IS_AIRFLOW_2 = airflow_version.startswith("2.")
PROJECT = Path(conf.get("airflow_audit", "project_dir"))
# As it stands in Datacoves' documentation, to the letter.
DATACOVES_EXAMPLE = Path(__file__).with_name("datacoves_example.txt")


@pytest.fixture(scope="module")
def dags_folder(tmp_path_factory):
    """The project's DAG files as they are deployed, schedules compiled."""
    folder = tmp_path_factory.mktemp("deployed") / "dags"
    shutil.copytree(PROJECT / "orchestrate" / "dags", folder)
    compile_schedules(PROJECT, folder / "meltano_schedules.json")
    return folder


@pytest.fixture(autouse=True)
def _slug(monkeypatch):
    monkeypatch.setenv("ENVIRONMENT_SLUG", "production")


def dags_in(folder):
    """Return the DAGs of a folder as the scheduler gets them."""
    bag = DagBag(dag_folder=str(folder))
    assert bag.import_errors == {}
    for dag in bag.dags.values():
        Serialization.to_dict(dag)
    return bag.dags


def cron(dag):
    return dag.schedule_interval if IS_AIRFLOW_2 else dag.schedule


def test_every_dag_file_is_read_and_has_dags(dags_folder):
    dags = dags_in(dags_folder)
    files = {path.name for path in dags_folder.glob("*.py")}
    assert {"airflow_audit_sync.py", "meltano_schedules.py"} <= files
    assert {Path(dag.fileloc).name for dag in dags.values()} == files
    for dag in dags.values():
        assert not dag.catchup, dag.dag_id
        assert dag.tags, dag.dag_id


def test_daily_what_changed_and_weekly_everything(dags_folder):
    dags = dags_in(dags_folder)
    daily, weekly = dags["airflow_audit_sync"], dags["airflow_audit_full_sync"]
    syncs = [dag.get_task("sync") for dag in (daily, weekly)]
    assert [task.full_refresh for task in syncs] == [False, True]
    assert [task.downstream_task_ids for task in syncs] == [{"report"}, {"report"}]
    assert (cron(daily), cron(weekly)) == ("17 3 * * *", "17 5 * * 0")
    assert {daily.max_active_runs, weekly.max_active_runs} == {1}
    assert {task.retries for dag in (daily, weekly) for task in dag.tasks} == {2}
    (asset,) = syncs[0].outlets
    assert asset.uri.startswith("airflow-audit://duckdb/airflow_production")


def assert_is_datacoves_sync(dag):
    (task,) = dag.tasks
    assert cron(dag) == "0 0 1 */12 *"
    assert (dag.start_date or task.start_date).year == 2021
    assert task.additional_tables == ["log", "log_template"]
    assert task.service_connection_name == "raw"
    assert "task_fail" in task.tables
    assert not task.run_dbt
    return task


@pytest.mark.skipif(not IS_AIRFLOW_2, reason="Airflow 3 has no schedule_interval")
def test_the_example_of_datacoves_is_read_unchanged(tmp_path):
    shutil.copy(DATACOVES_EXAMPLE, tmp_path / "sync.py")
    task = assert_is_datacoves_sync(dags_in(tmp_path)["snowflake_airflow_sync"])
    assert task.schema("production") == "airflow-tables"


def test_the_example_of_datacoves_for_airflow_3(dags_folder):
    task = assert_is_datacoves_sync(dags_in(dags_folder)["snowflake_airflow_sync"])
    assert task.schema("production") == "airflow-tables"
