"""A pipeline in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pipeline.meltano_runs import ROOT, Pipeline
from tests.pipeline.tap_and_target import TapAndTarget


@pytest.fixture(scope="session", autouse=True)
def no_run_writes_into_the_project() -> Iterator[None]:
    """Meltano writes its files anew where it misses something in them."""
    before = {
        path: path.read_bytes() for path in [ROOT / "meltano.yml", *ROOT.glob("*/*.meltano.yml")]
    }
    yield
    assert {path: path.read_bytes() for path in before} == before


@pytest.fixture
def pipeline(tmp_path: Path) -> Callable[..., Pipeline]:
    def make(database_url: str, slug: str = "test", **settings: str) -> Pipeline:
        folder = tmp_path / slug
        folder.mkdir(exist_ok=True)
        return Pipeline(folder, slug, database_url, settings)

    return make


@pytest.fixture
def tap_and_target(tmp_path: Path) -> Callable[..., TapAndTarget]:
    def make(database_url: str, slug: str = "test", **settings: object) -> TapAndTarget:
        folder = tmp_path / slug
        folder.mkdir(exist_ok=True)
        return TapAndTarget(folder, slug, database_url, settings)

    return make
