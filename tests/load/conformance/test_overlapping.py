"""Two loads at once, and two Airflow environments in one schema."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.load.conformance.audit_tap import Tap
from tests.load.loaded_warehouse import LoadedWarehouse
from tests.load.singer import MOMENTS
from warehouse_targets import loader
from warehouse_targets.errors import OtherEnvironmentError, OverlappingLoadError


def _between(monkeypatch: pytest.MonkeyPatch, other_load) -> None:
    """Let another load run to its end after this one has looked at what is there."""
    load = loader._Load._load
    waiting = [other_load]

    def load_after_the_other(self, tables):
        if waiting:
            waiting.pop()()
        load(self, tables)

    monkeypatch.setattr(loader._Load, "_load", load_after_the_other)


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 1)])
def test_the_last_of_two_loads_at_once_is_run_again(
    warehouse: LoadedWarehouse, tmp_path: Path, monkeypatch, first: int, second: int
) -> None:
    if warehouse.is_exclusive:
        pytest.skip("a second load waits until the first is done")
    tap = Tap(tmp_path / "spool")
    warehouse.load(*tap.messages(MOMENTS[0], "before", "runs"))
    _between(monkeypatch, lambda: warehouse.load(*tap.messages(MOMENTS[first], "other", "runs")))
    with pytest.raises(
        OverlappingLoadError, match="wrote the same tables of airflow_test"
    ) as caught:
        warehouse.load(*tap.messages(MOMENTS[second], "this", "runs"))
    assert caught.value.exit_code == 75
    warehouse.load(*tap.messages(MOMENTS[3], "again", "runs"))
    assert warehouse.rows("runs", ["state"]) == [("again",)]
    assert warehouse.traces() == []


def test_loads_of_other_tables_do_not_matter(
    warehouse: LoadedWarehouse, tmp_path: Path, monkeypatch
) -> None:
    if warehouse.is_exclusive:
        pytest.skip("a second load waits until the first is done")
    tap = Tap(tmp_path / "spool")
    _between(monkeypatch, lambda: warehouse.load(*tap.messages(MOMENTS[1], "other", "tasks")))
    warehouse.load(*tap.messages(MOMENTS[0], "this", "runs"))
    assert warehouse.rows("runs", ["state"]) == [("this",)]
    assert warehouse.rows("tasks", ["state"]) == [("other",)]


def test_another_environment_is_refused(warehouse: LoadedWarehouse, tmp_path: Path) -> None:
    def messages(slug: str, moment: datetime) -> list[str]:
        tap = Tap(tmp_path / "spool", manifest_says={"environment_slug": slug})
        return tap.messages(moment, slug, "runs")

    warehouse.load(*messages("a-b", MOMENTS[0]))
    with pytest.raises(OtherEnvironmentError, match="the Airflow environment a-b, so a_b cannot"):
        warehouse.load(*messages("a_b", MOMENTS[1]))
    assert warehouse.rows("runs", ["state"]) == [("a-b",)]
    warehouse.load(*messages("a-b", MOMENTS[1]))
