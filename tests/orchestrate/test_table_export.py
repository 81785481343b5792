"""Whole DAGs of the factory: Airflow's own metadata database into DuckDB, in six steps."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tests.conftest import LIVE_VERSIONS
from tests.orchestrate.conftest import ProviderAirflow
from tests.orchestrate.provider import run_inside, xcom_of_current_tries
from tests.real_airflow.postgres import execute

pytestmark = pytest.mark.live_airflow

DAG_FILE = """
from datetime import timedelta
from pathlib import Path

from airflow_audit.airflow_api import BaseOperator
from airflow_audit.dag_factory import table_export_dags

STAGE = {stage!r}


class TruncateStagedFile(BaseOperator):
    def execute(self, context):
        (file,) = Path(STAGE).rglob("slot_pool.parquet")
        with file.open("r+b") as staged:
            staged.truncate(100)


globals().update(
    table_export_dags(
        tables=["slot_pool", "import_error", "sensor_instance"],
        dag_id_prefix="mirror__",
        stage_dir=STAGE,
    )
)
globals().update(
    table_export_dags(
        tables={{"runs": ["dag_run", "task_instance"]}},
        write_disposition="merge",
        dag_id_prefix="merge__",
        stage_dir=STAGE,
    )
)
spoiled = table_export_dags(
    tables=["slot_pool"],
    destination_schema="spoiled",
    dag_id_prefix="spoiled__",
    stage_dir=STAGE,
    # A second try would change nothing, and is not to be waited for.
    default_args={{"retries": 1, "retry_delay": timedelta(hours=1)}},
)
globals().update(spoiled)
dag = spoiled["spoiled__slot_pool"]
truncate = TruncateStagedFile(task_id="truncate", dag=dag)
dag.get_task("stage") >> truncate >> dag.get_task("check_staged")
"""
SUCCEEDED = dict.fromkeys(
    ["query", "stage", "check_staged", "load", "check_loaded", "clean_up"], "success"
)
POOLS = 300
# What the steps do to files is the same in every Airflow; that they run there, others show.
_NEWEST = LIVE_VERSIONS[-1:]


class Exports:
    """One Airflow with the DAGs, a warehouse, and a folder for what is staged."""

    def __init__(self, airflow: ProviderAirflow, folder: Path) -> None:
        self.airflow = airflow
        self.stage = folder / "stage"
        self.warehouse = folder / "warehouse.duckdb"
        dags = airflow.home / "dags"
        dags.mkdir(exist_ok=True)
        (dags / "table_export_test.py").write_text(DAG_FILE.format(stage=str(self.stage)))

    def run(self, dag_id: str) -> tuple[int, str]:
        """Run a DAG to its end; return the exit code and the log."""
        airflow = self.airflow
        done = run_inside(
            airflow.version,
            airflow.database_url,
            airflow.home,
            *("-m", "airflow", "dags", "test", dag_id),
            timeout=500,
        )
        return done.returncode, done.stdout + done.stderr

    def states(self, dag_id: str) -> dict[str, str]:
        return dict(self._last(dag_id, "state", "task_instance", "true"))

    def counts(self, dag_id: str) -> dict[str, dict[str, object]]:
        """The XCom of each task of the last run."""
        xcom = xcom_of_current_tries(self.airflow.version)
        found = self._last(dag_id, "value", xcom, "key = 'return_value'")
        return {task: _parsed(value) for task, value in found}

    def _last(self, dag_id: str, column: str, table: str, condition: str) -> list[tuple]:
        return execute(
            self.airflow.database_url,
            f"select task_id, {column} from {table} where {condition} and dag_id = '{dag_id}'"
            f" and run_id = (select run_id from dag_run where dag_id = '{dag_id}'"
            " order by id desc limit 1)",
        ).fetchall()

    def at_source(self, table: str) -> int:
        return execute(self.airflow.database_url, f"select count(*) from {table}").fetchone()[0]

    def in_warehouse(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def is_clean(self) -> bool:
        return not [path for path in self.stage.rglob("*") if path.is_file()]


def _parsed(value: object) -> object:
    while isinstance(value, str | bytes | memoryview):
        value = json.loads(bytes(value) if isinstance(value, memoryview) else value)
    return value


@pytest.fixture(scope="module")
def exports(provider_airflow: ProviderAirflow, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    execute(
        provider_airflow.database_url,
        "insert into slot_pool (pool, slots, include_deferred)"
        f" select 'pool ' || number, 1, false from generate_series(1, {POOLS}) as number",
    )
    return Exports(provider_airflow, tmp_path_factory.mktemp("exports"))


@pytest.fixture(autouse=True)
def _environment(exports, monkeypatch):
    monkeypatch.setenv("ENVIRONMENT_SLUG", "test")
    monkeypatch.setenv("TAP_AIRFLOW_METADATA_DATABASE_URL", exports.airflow.database_url)
    monkeypatch.setenv("TAP_AIRFLOW_METADATA_LOOKBACK_SECONDS", "0")
    monkeypatch.setenv("TARGET_DUCKDB_PATH", str(exports.warehouse))
    state = exports.warehouse.with_name("meltano.db")
    monkeypatch.setenv("MELTANO_DATABASE_URI", f"sqlite:///{state}")


def test_a_filled_table(exports):
    exit_code, log = exports.run("mirror__slot_pool")
    assert exit_code == 0, log
    print(log)
    rows = exports.at_source("slot_pool")
    assert rows > POOLS
    assert exports.states("mirror__slot_pool") == SUCCEEDED
    counts = exports.counts("mirror__slot_pool")
    assert [counts[task]["rows"] for task in SUCCEEDED if task != "clean_up"] == [rows] * 5
    size = counts["check_staged"]["bytes"]
    assert size > 0
    assert counts["stage"]["bytes"] == counts["load"]["bytes"] == size
    assert f"slot_pool: {rows:,} rows, {size:,} bytes" in log
    assert 'select "id" as "id", "pool" as "pool"' in log
    assert "sensor_instance (Airflow" in log  # not exported, and why
    assert exports.in_warehouse(
        "select count(*), count(distinct _sdc_extracted_at) from airflow_test_export.slot_pool"
    ) == [(rows, 1)]
    assert exports.is_clean()


@pytest.mark.parametrize("live_version", _NEWEST, indirect=True)
def test_an_empty_table(exports):
    exit_code, log = exports.run("mirror__import_error")
    assert exit_code == 0, log
    assert exports.states("mirror__import_error") == SUCCEEDED
    counts = exports.counts("mirror__import_error")
    assert [counts[task]["rows"] for task in SUCCEEDED if task != "clean_up"] == [0] * 5
    assert exports.in_warehouse("select count(*) from airflow_test_export.import_error") == [(0,)]
    assert exports.is_clean()


@pytest.mark.parametrize("live_version", _NEWEST, indirect=True)
def test_a_staged_file_that_is_truncated(exports):
    exit_code, log = exports.run("spoiled__slot_pool")
    assert exit_code != 0
    assert exports.states("spoiled__slot_pool") == SUCCEEDED | {
        "truncate": "success",
        "check_staged": "failed",
        "load": "upstream_failed",
        "check_loaded": "upstream_failed",
    }
    size = exports.counts("spoiled__slot_pool")["stage"]["bytes"]
    rows = exports.at_source("slot_pool")
    assert f"slot_pool: 100 bytes are staged, {size:,} were read" in log
    assert f"slot_pool: 0 rows are staged, {rows:,} were read" in log
    assert exports.is_clean()
    exports.in_warehouse("select 1")
    assert (
        exports.in_warehouse(
            "select table_name from information_schema.tables where table_schema like 'spoiled%'"
        )
        == []
    )


def test_a_second_run_reads_what_changed(exports):
    for time in ("first", "second"):
        exit_code, log = exports.run("merge__runs")
        assert exit_code == 0, log
        assert exports.states("merge__runs") == SUCCEEDED
        counts = exports.counts("merge__runs")
        assert counts["query"]["tables"]["dag_run"]["is_full_read"] == (time == "first")
        assert counts["check_staged"]["tables"]["dag_run"]["is_full_read"] == (time == "first")
    assert counts["check_staged"]["rows"] < counts["query"]["rows"]
    keys, rows = exports.in_warehouse(
        "select count(distinct id), count(*) from airflow_test_export.dag_run"
    )[0]
    assert keys == rows == exports.at_source("dag_run")
    assert exports.is_clean()
