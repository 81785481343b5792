"""The tests in inside_airflow/, which need Airflow itself, in each Airflow's own Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrate.conftest import ProviderAirflow

INSIDE = Path(__file__).parent / "inside_airflow"


@pytest.mark.live_airflow
def test_inside_airflow(provider_airflow: ProviderAirflow) -> None:
    # As if they stood alone: what is around them needs packages that Airflow does not have.
    alone = ("-c", "/dev/null", "--rootdir", str(INSIDE), "--confcutdir", str(INSIDE))
    print(
        provider_airflow.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *alone, str(INSIDE))
    )
