"""Meltano's schedules become DAGs, and say what to do when they cannot."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from airflow.configuration import conf
from airflow_audit.compiled_schedules import COMMAND, SchedulesError, compile_schedules
from airflow_audit.hooks.meltano import MeltanoLog
from airflow_audit.operators import meltano
from airflow_audit.operators.meltano_job import MeltanoJobOperator
from airflow_audit.schedules import schedule_dags

IS_AIRFLOW_2 = airflow_version.startswith("2.")
PROJECT = Path(conf.get("airflow_audit", "project_dir"))
COPYING = {"name": "copying", "interval": "@daily", "job": "copy"}
FULL_READ = {"MELTANO_RUN_FULL_REFRESH": "true"}


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory):
    file = tmp_path_factory.mktemp("compiled") / "meltano_schedules.json"
    compile_schedules(PROJECT, file)
    return file


@pytest.fixture
def compiled(compiled_once, tmp_path):
    return Path(shutil.copy(compiled_once, tmp_path))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Makes a Meltano project with one job, and the real one's Meltano; Airflow knows it."""

    def make(schedules):
        folder = tmp_path / "project"
        (folder / "orchestrate").mkdir(parents=True)
        (folder / ".venv").symlink_to(PROJECT / ".venv")
        (folder / "meltano.yml").write_text(
            "project_id: b2e2a1fe-64b4-5a0b-9d3c-1f2c61c6a3de\n"
            "send_anonymous_usage_stats: false\n"
            "include_paths: [orchestrate/orchestrators.meltano.yml]\n"
        )
        jobs = [{"name": "copy", "tasks": ["tap-a target-b", ["dbt:build", "dbt:test"]]}]
        (folder / "orchestrate" / "orchestrators.meltano.yml").write_text(
            f"jobs: {json.dumps(jobs)}\nschedules: {json.dumps(schedules)}\n"
        )
        monkeypatch.setenv("AIRFLOW__AIRFLOW_AUDIT__PROJECT_DIR", str(folder))
        return folder

    return make


def cron(dag):
    return dag.schedule_interval if IS_AIRFLOW_2 else dag.schedule


def test_every_schedule_of_the_project_is_a_dag(compiled):
    dags = schedule_dags(compiled)
    assert {dag_id: cron(dag) for dag_id, dag in dags.items()} == {
        "airflow-audit-sync-and-build": "17 3 * * *",
        "airflow-audit-full-reconcile": "17 5 * * 0",
        "airflow-audit-freshness": "43 7 * * *",
    }
    for dag in dags.values():
        assert (dag.catchup, dag.max_active_runs) == (False, 1)
        assert set(dag.tags) == {"airflow-audit", "meltano"}
        assert "orchestrate/orchestrators.meltano.yml" in dag.doc_md
        assert "make airflow-schedules" in dag.doc_md
        assert len(dag.tasks) == 1
    full = dags["airflow-audit-full-reconcile"]
    assert "`sync-and-build`" in full.doc_md
    assert "    tap-airflow-metadata target-duckdb dbt:build" in full.doc_md
    assert "MELTANO_RUN_FULL_REFRESH=true" in full.doc_md
    (task,) = full.tasks
    assert (task.task_id, task.job_name) == ("sync-and-build", "sync-and-build")
    assert task.environment_variables == FULL_READ
    (daily,) = dags["airflow-audit-sync-and-build"].tasks
    assert daily.environment_variables == {}


def test_tasks_take_arguments_of_airflow_and_of_the_operator(compiled):
    dags = schedule_dags(compiled, default_args={"retries": 7, "source_conn_id": "metadata"})
    for dag in dags.values():
        assert (dag.tasks[0].retries, dag.tasks[0].source_conn_id) == (7, "metadata")


def test_no_process_is_started_while_airflow_parses(compiled, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    assert len(schedule_dags(compiled)) == 3


def test_intervals_of_meltano(project, tmp_path):
    intervals = {
        "once": ("@once", None),
        "manual": ("@manual", None),
        "none": ("@none", None),
        "hourly": ("@hourly", "0 * * * *"),
        "weekly": ("@weekly", "0 0 * * 0"),
        "annually": ("@annually", "0 0 1 1 *"),
        "midnight": ("@midnight", "0 0 * * *"),
        "cron": ("*/5 1-3 * * mon", "*/5 1-3 * * mon"),
    }
    schedules = [{**COPYING, "name": name, "interval": intervals[name][0]} for name in intervals]
    compile_schedules(project(schedules), tmp_path / "compiled.json")
    dags = schedule_dags(tmp_path / "compiled.json")
    for name, (_, expected) in intervals.items():
        assert cron(dags[f"airflow-audit-{name}"]) == expected, name
    assert "    tap-a target-b\n    dbt:build dbt:test" in dags["airflow-audit-cron"].doc_md


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({**COPYING, "interval": "@fortnightly"}, "'@fortnightly', which Meltano does not know"),
        ({**COPYING, "env": {"TARGET_B_PASSWORD": "x"}}, "sets TARGET_B_PASSWORD, a secret"),
        (
            {"name": "old", "interval": "@daily", "extractor": "tap-a", "loader": "target-b"}
            | {"transform": "skip"},
            "These schedules run no job: old",
        ),
        ({**COPYING, "job": "nothing"}, "Meltano does not list its schedules"),
    ],
)
def test_what_cannot_become_a_dag_is_not_compiled(schedule, said, project, tmp_path):
    with pytest.raises(SchedulesError, match=said):
        compile_schedules(project([schedule]), tmp_path / "compiled.json")
    assert not (tmp_path / "compiled.json").exists()


def test_the_command_ends_with_what_is_wrong(project, tmp_path):
    module = "airflow_audit.compiled_schedules"
    command = [sys.executable, "-m", module, str(tmp_path / "compiled.json")]
    wrong = project([{**COPYING, "interval": "@fortnightly"}])
    done = subprocess.run(command, cwd=wrong, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("The schedule copying has the interval '@fortnightly'")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda _: None, "not compiled: .* is not there"),
        (lambda _: "", "is not what `make airflow-schedules` writes"),
        (lambda _: "[]", "is not what `make airflow-schedules` writes"),
        (lambda good: json.dumps({**good, "schedules": [{"name": "x"}]}), "is not what"),
        (lambda good: json.dumps({**good, "version": 2}), "is not what"),
        (lambda good: json.dumps({**good, "fingerprint": "x"}), "compiled from other schedules"),
    ],
)
def test_a_missing_malformed_or_outdated_file_names_the_command(changed, said, compiled):
    text = changed(json.loads(compiled.read_text()))
    compiled.unlink()
    if text is not None:
        compiled.write_text(text)
    with pytest.raises(SchedulesError, match=said) as error:
        schedule_dags(compiled)
    assert f"Run `{COMMAND}` in the Meltano project" in str(error.value)


def test_schedules_that_changed_are_noticed_where_the_project_is(project, tmp_path, monkeypatch):
    folder = project([COPYING])
    compile_schedules(folder, tmp_path / "compiled.json")
    assert list(schedule_dags(tmp_path / "compiled.json")) == ["airflow-audit-copying"]
    # A file without jobs may change.
    (folder / "meltano.yml").write_text("# changed")
    schedule_dags(tmp_path / "compiled.json")
    plugins = folder / "orchestrate" / "orchestrators.meltano.yml"
    plugins.write_text(plugins.read_text().replace("@daily", "@hourly"))
    with pytest.raises(SchedulesError, match="compiled from other schedules"):
        schedule_dags(tmp_path / "compiled.json")
    # The DAG processor need not have the project.
    monkeypatch.setenv("AIRFLOW__AIRFLOW_AUDIT__PROJECT_DIR", str(tmp_path / "elsewhere"))
    assert len(schedule_dags(tmp_path / "compiled.json")) == 1


class Hook:
    """Takes down what Meltano would run."""

    def __init__(self, project_dir):
        self.project_dir = project_dir
        self.ran = None

    def run(self, arguments, *, environment, secrets):
        self.ran = (arguments, environment, secrets)
        return MeltanoLog(loaded_rows={"dag": 3})

    def stop(self):
        self.ran = None


@pytest.fixture
def run(monkeypatch):
    """Runs an operator, and returns it, its XCom and what Meltano would run."""

    def run(**arguments):
        monkeypatch.setattr(meltano, "MeltanoHook", Hook)
        operator = MeltanoJobOperator(task_id="job", **arguments)
        done = operator.execute({})
        return operator, done, operator.hook.ran

    return run


def test_job_runs_with_airflows_logins(run, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_METADATA", "postgres://reader:word@localhost/airflow")
    monkeypatch.setenv("AIRFLOW_CONN_RAW", "snowflake://loader:other@/?account=one")
    operator, done, (arguments, environment, secrets) = run(
        job_name="sync-and-build",
        environment_variables=FULL_READ,
        environment_slug="prod-eu",
        warehouse="snowflake",
        source_conn_id="metadata",
        connection_id="raw",
        project_dir="/somewhere",
    )
    assert arguments == ["run", "--force", "sync-and-build"]
    assert environment.pop("MELTANO_RUN_STATE_ID_SUFFIX").startswith("prod-eu-")
    assert environment == {
        "ENVIRONMENT_SLUG": "prod-eu",
        "TAP_AIRFLOW_METADATA_DATABASE_URL": "postgresql://reader:word@localhost/airflow",
        "TARGET_SNOWFLAKE_DEFAULT_TARGET_SCHEMA": "airflow_prod-eu",
        "TARGET_SNOWFLAKE_ACCOUNT": "one",
        "TARGET_SNOWFLAKE_USER": "loader",
        "TARGET_SNOWFLAKE_PASSWORD": "other",
        **FULL_READ,
    }
    assert secrets == ["word", "other"]
    assert (done["environment_slug"], done["loaded_rows"]) == ("prod-eu", {"dag": 3})
    assert operator.hook.project_dir == "/somewhere"
    operator.on_kill()
    assert operator.hook.ran is None


@pytest.mark.skipif(IS_AIRFLOW_2, reason="Airflow 2 has its own login")
def test_job_that_does_not_read_airflows_database_needs_no_login(run, monkeypatch, capsys):
    monkeypatch.delenv("TAP_AIRFLOW_METADATA_DATABASE_URL", raising=False)
    _, _, (_, environment, secrets) = run(job_name="freshness", environment_slug="production")
    assert "TAP_AIRFLOW_METADATA_DATABASE_URL" not in environment
    assert secrets == []
    assert "no Airflow connection 'airflow_audit_source'" in capsys.readouterr().out
