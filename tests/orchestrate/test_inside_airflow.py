"""The tests in inside_airflow/, which need Airflow itself, in each Airflow's own Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrate.conftest import ProviderAirflow

INSIDE = Path(__file__).parent / "inside_airflow"


def run_tests(airflow: ProviderAirflow, *files: str) -> None:
    """Run some of these tests, or all, in an Airflow's Python."""
    # As if they stood alone: what is around them needs packages that Airflow does not have.
    alone = ("-c", "/dev/null", "--rootdir", str(INSIDE), "--confcutdir", str(INSIDE))
    paths = [str(INSIDE / file) for file in files] or [str(INSIDE)]
    print(airflow.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *alone, *paths))


@pytest.mark.live_airflow
def test_inside_airflow(provider_airflow: ProviderAirflow) -> None:
    run_tests(provider_airflow)
