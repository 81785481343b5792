"""An Airflow that copies its own metadata database into DuckDB files."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.orchestrate.live import dag_files
from tests.orchestrate.live.live_airflow import LiveAirflow, create_reader
from tests.orchestrate.provider import PROVIDER, provider_environ
from tests.pipeline.meltano_runs import ROOT
from tests.real_airflow.postgres import ThrowawayPostgres
from tests.real_airflow.running import running_airflow


@dataclass(frozen=True)
class LiveDuckDB(LiveAirflow):
    """With a login that may just read.

    Attributes:
        warehouse: The DuckDB file that the environment names.
        other_warehouse: The one that the connection `other_warehouse` names.
        canaries: Passwords, which must show nowhere.
    """

    warehouse: Path
    other_warehouse: Path
    canaries: tuple[str, ...]

    def loaded(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture(scope="module")
def live(
    live_version: str,
    postgres: ThrowawayPostgres,
    migrated_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveDuckDB]:
    folder = tmp_path_factory.mktemp("warehouse")
    url = migrated_database(live_version)
    password = f"canary/{secrets.token_hex(8)}"
    wrong = f"canary/{secrets.token_hex(8)}"
    environ = provider_environ() | {
        "ENVIRONMENT_SLUG": "live",
        "TARGET_DUCKDB_PATH": str(folder / "warehouse.duckdb"),
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    compiled = folder / "schedules.json"
    subprocess.run(
        [ROOT / ".venv/bin/python", "-m", "airflow_audit.compiled_schedules", compiled],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(PROVIDER)},
        check=True,
    )
    files = dag_files.files(str(folder / "stage"), compiled.read_text())
    with running_airflow(live_version, url, files, environ) as airflow:
        source = create_reader(postgres, url, password, folder)
        api = airflow.api
        api.create_connection("airflow_audit_source", **source, password=password)
        api.create_connection("wrong_password", **source, password=wrong)
        other = str(folder / "other.duckdb")
        api.create_connection("other_warehouse", conn_type="generic", host=other)
        live = LiveDuckDB(
            version=live_version,
            airflow=airflow,
            database_url=url,
            warehouse=folder / "warehouse.duckdb",
            other_warehouse=folder / "other.duckdb",
            canaries=(password, wrong),
            environ=environ,
        )
        live.wait_for_dags(*dag_files.ALL)
        for dag_id in set(dag_files.ALL) - set(dag_files.SCHEDULED):
            api.set_paused(dag_id, paused=False)
        yield live
