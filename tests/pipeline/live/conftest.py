"""The life of each Airflow, played once for all tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.pipeline.live import story
from tests.pipeline.live.story import Story
from tests.pipeline.meltano_runs import Pipeline

# With installing Airflow before; what it takes in between has limits of its own.
TAKES_LONG = [pytest.mark.live_airflow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="session")
def told(
    live_version: str,
    migrated_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    """What happened to one Airflow."""
    url = migrated_database(live_version)
    # With an hour of lookback the second sync would read all rows again, and prove little.
    lookback = {"TAP_AIRFLOW_METADATA_LOOKBACK_SECONDS": "15"}
    pipe = Pipeline(tmp_path_factory.mktemp("live"), "live", url, lookback)
    return story.play(live_version, url, pipe)
