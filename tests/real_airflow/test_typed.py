"""The rows that Airflows note of commands, against the installed ones."""

from __future__ import annotations

import pytest

from tests.real_airflow import audit_events, typed
from tests.real_airflow.install import RECIPES


@pytest.mark.parametrize("version", RECIPES)
def test_the_rows_are_of_commands_that_the_version_has(version: str) -> None:
    events = {row["event"] for row in typed.load(version)}
    assert events <= audit_events.load(version).keys()
    assert len(events) > 40


@pytest.mark.live_airflow
@pytest.mark.timeout(600)
def test_the_rows_are_those_of_the_installed_airflow(live_version, migrated_database) -> None:
    database_url = migrated_database(live_version)
    assert typed.capture(live_version, database_url) == typed.load(live_version)
