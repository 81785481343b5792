"""Tap and target together, without Meltano, for every captured Airflow version."""

from __future__ import annotations

import pytest

from tests.pipeline.comparison import assert_all_same_as_source
from tests.real_airflow import captured


@pytest.mark.parametrize("version", captured.versions())
def test_every_table_in_the_warehouse_is_as_the_source_has_it(
    version, filled_database, tap_and_target
):
    pipe = tap_and_target(filled_database(version, rows=25), tables=[], pii="full")
    pipe.sync()
    assert_all_same_as_source(pipe, version)
    assert not list((pipe.folder / "spool").iterdir()), "files were left behind"
