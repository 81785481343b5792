"""Airflows with the provider, each with a migrated metadata database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.orchestrate.provider import run_inside
from tests.real_airflow.install import has_python, migrate
from tests.real_airflow.postgres import ThrowawayPostgres

# These run inside Airflow's own Python; test_inside_airflow.py starts them.
collect_ignore = ["inside_airflow"]


@dataclass(frozen=True)
class ProviderAirflow:
    """An Airflow that has the provider.

    Attributes:
        version: Airflow's version.
        database_url: Its metadata database.
        home: AIRFLOW_HOME.
    """

    version: str
    database_url: str
    home: Path

    def python(self, *arguments: str) -> str:
        """Run its Python and return what it printed."""
        done = run_inside(self.version, self.database_url, self.home, *arguments)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="session", params=["2.11.0", "3.3.2"])
def provider_airflow(
    request: pytest.FixtureRequest,
    postgres: ThrowawayPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> ProviderAirflow:
    version = request.param
    if version == "2.11.0" and not has_python(version):
        pytest.skip(f"no Python that Airflow {version} runs on is on this machine")
    url = postgres.create_database(f"provider_{version}")
    migrate(version, url)
    return ProviderAirflow(version, url, tmp_path_factory.mktemp("airflow"))
