"""The seed of event names against what each Airflow version can write into its audit log."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.real_airflow import audit_events
from tests.real_airflow.audit_events import PROVIDERS, UnreadableEventError
from tests.real_airflow.install import RECIPES, REPOSITORY, has_python

with (REPOSITORY / "transform/seeds/audit_events.csv").open(encoding="utf-8") as file:
    SEED = {row["event"]: row for row in csv.DictReader(file)}
LISTS = {version: audit_events.load(version) for version in [*RECIPES, PROVIDERS]}

# A request of nobody: web crawlers make it.
WITHOUT_ANYBODY = {"robots"}


@pytest.mark.parametrize("version", LISTS)
def test_the_seed_knows_every_event(version: str) -> None:
    assert sorted(LISTS[version].keys() - SEED.keys()) == []


def test_every_event_of_the_seed_is_written_by_some_version() -> None:
    written = {event for events in LISTS.values() for event in events}
    assert sorted(SEED.keys() - written) == []


def test_versions_are_the_first_and_the_last_that_write_it() -> None:
    newest = list(RECIPES)[-1]
    for event, row in SEED.items():
        writing = [version for version in RECIPES if event in LISTS[version]]
        since = writing[0] if writing else ""
        ended = writing and writing[-1] != newest and event not in LISTS[PROVIDERS]
        until = writing[-1] if ended else ""
        assert (row["since"], row["until"]) == (since, until), event


def test_who_does_it_is_who_writes_it() -> None:
    writers: dict[str, set[str]] = {}
    for events in LISTS.values():
        for event, found in events.items():
            writers.setdefault(event, set()).update(found)
    human = {event for event, row in SEED.items() if row["is_human"] == "true"}
    asked_for = {event for event, found in writers.items() if "request" in found}
    by_airflow_alone = {event for event, found in writers.items() if found == {"system"}}
    assert asked_for - human == WITHOUT_ANYBODY
    assert human & by_airflow_alone == set()


def test_only_what_airflow_2_has_asked_for_has_a_channel_of_its_own() -> None:
    """In Airflow 3 the pages use the API; tasks write their states as people marked them in 2."""
    for event, row in SEED.items():
        if row["channel"]:
            writers = {writer for found in LISTS.values() for writer in found.get(event, [])}
            assert row["channel"] in {"ui", "api"}
            assert row["until"].startswith("2.") or event in {"failed", "paused", "success"}
            assert "request" in writers


@pytest.mark.live_airflow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", ["2.11.0", "3.3.2"])
def test_the_list_is_that_of_the_installed_airflow(version: str) -> None:
    if not has_python(version):
        pytest.skip(f"no Python for Airflow {version} on this machine")
    assert audit_events.events_of(version) == LISTS[version]


def test_an_event_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for file, text in {
        "security/permissions.py": "",
        "utils/state.py": "class TaskInstanceState: ...",
        "jobs/new.py": "session.add(Log(event=choose(), extra=None))",
    }.items():
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text(text)
    with pytest.raises(UnreadableEventError, match=r"jobs/new.py:1: choose\(\)"):
        audit_events.events_in(tmp_path)
