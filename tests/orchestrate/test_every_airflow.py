"""Every minor version of Airflow that the provider is for reads its modules and DAG files.

Most of them are left out unless asked for, because each is installed for it alone:
`make test TESTS=tests/orchestrate/test_every_airflow.py ARGS="-m 'every_airflow'"`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrate.conftest import ProviderAirflow
from tests.real_airflow.install import RECIPES, has_python, migrate
from tests.real_airflow.postgres import ThrowawayPostgres

OLDEST = "2.7.3"
VERSIONS = [version for version in RECIPES if version not in {"2.4.3", "2.6.3"}]


@pytest.mark.live_airflow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "version",
    [
        version if version == OLDEST else pytest.param(version, marks=pytest.mark.every_airflow)
        for version in VERSIONS
    ],
)
def test_modules_and_dag_files_are_read(
    version: str, postgres: ThrowawayPostgres, tmp_path: Path
) -> None:
    if not has_python(version):
        pytest.skip(f"no Python that Airflow {version} runs on is on this machine")
    url = postgres.create_database(f"reads_{version}")
    migrate(version, url)
    airflow = ProviderAirflow(version, url, tmp_path)
    names = ("example_dags", "dag_factory", "schedules", "metadata_sync", "source_login")
    airflow.run_tests(*(f"test_{name}.py" for name in names))
