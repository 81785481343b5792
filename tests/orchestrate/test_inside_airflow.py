"""The tests in inside_airflow/, which need Airflow itself, in each Airflow's own Python."""

from __future__ import annotations

import pytest

from tests.orchestrate.conftest import ProviderAirflow


@pytest.mark.live_airflow
def test_inside_airflow(provider_airflow: ProviderAirflow) -> None:
    provider_airflow.run_tests()
