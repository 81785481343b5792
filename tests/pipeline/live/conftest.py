"""The life of each Airflow, played once for all tests."""

from __future__ import annotations

import pytest

from tests.pipeline.live import story
from tests.pipeline.live.story import Story
from tests.pipeline.meltano_runs import Pipeline
from tests.real_airflow.install import has_python
from tests.real_airflow.postgres import ThrowawayPostgres

# With installing Airflow before; what it takes in between has limits of its own.
TAKES_LONG = [pytest.mark.live_airflow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="session", params=["2.11.0", "3.3.2"])
def told(
    request: pytest.FixtureRequest,
    postgres: ThrowawayPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    """What happened to one Airflow."""
    version = request.param
    # The newest Airflow runs on every Python that this project runs on, so it is never left out.
    if version == "2.11.0" and not has_python(version):
        pytest.skip(f"no Python that Airflow {version} runs on is on this machine")
    url = postgres.create_database(f"live_{version}")
    # With an hour of lookback the second sync would read all rows again, and prove little.
    lookback = {"TAP_AIRFLOW_METADATA_LOOKBACK_SECONDS": "15"}
    pipe = Pipeline(tmp_path_factory.mktemp("live"), url, "live", lookback)
    return story.play(version, url, pipe)
