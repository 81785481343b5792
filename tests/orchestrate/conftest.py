"""Airflows with the provider, each with a migrated metadata database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.orchestrate.provider import run_inside

# These run inside Airflow's own Python; test_inside_airflow.py starts them.
_INSIDE = Path(__file__).parent / "inside_airflow"
collect_ignore = [_INSIDE.name]


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

    def run_tests(self, *files: str) -> None:
        """Run some of the tests in inside_airflow/, or all, in its Python."""
        # As if they stood alone: what is around them needs packages that Airflow does not have.
        alone = ("-c", "/dev/null", "--rootdir", str(_INSIDE), "--confcutdir", str(_INSIDE))
        paths = [str(_INSIDE / file) for file in files] or [str(_INSIDE)]
        print(self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *alone, *paths))


@pytest.fixture(scope="session")
def provider_airflow(
    live_version: str,
    migrated_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> ProviderAirflow:
    url = migrated_database(live_version)
    return ProviderAirflow(live_version, url, tmp_path_factory.mktemp("provider_airflow"))
