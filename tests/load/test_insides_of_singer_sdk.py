"""What is relied on of singer-sdk that is not public: look here first when an upgrade fails."""

from __future__ import annotations

import io
import json
import math
import signal
from pathlib import Path

import pytest
from singer_sdk import Sink, Target

from tests.load.singer import INTEGER, STATE, TEXT, record, schema
from warehouse_targets.insides_of_singer_sdk import SinkWithOwnMetadata, TargetWithoutDeadline
from warehouse_targets.target_duckdb import DuckDBTarget

PROPERTIES = {"id": INTEGER, "_sdc_extracted_at": TEXT}
BEGIN = schema("t", PROPERTIES, key=["id"])
SENT = {"id": 1, "_sdc_extracted_at": "sent"}


class _Keeping:
    """Sinks that keep their records, with the SDK's metadata or with some of ours."""

    include_sdc_metadata_properties = True

    def __init__(self, target, *arguments, **named) -> None:
        super().__init__(target, *arguments, **named)
        target.sink = self
        self.kept = []

    def process_record(self, record, context) -> None:  # noqa: ARG002
        self.kept.append(record)

    def process_batch(self, context) -> None:
        """Nothing to do."""

    def add_metadata(self, record, time_extracted) -> None:
        record["at"] = time_extracted


class _SdkSink(_Keeping, Sink):
    pass


class _OurSink(_Keeping, SinkWithOwnMetadata):
    metadata_columns = {"at": TEXT}  # noqa: RUF012


class _SomeTarget(TargetWithoutDeadline):
    name = "target-some"
    config_jsonschema = {"properties": {}}  # noqa: RUF012
    default_sink_class = _OurSink


@pytest.mark.parametrize("is_ours", [True, False])
def test_only_metadata_of_ours_is_added(monkeypatch, *, is_ours: bool) -> None:
    monkeypatch.setattr(_SomeTarget, "default_sink_class", _OurSink if is_ours else _SdkSink)
    target = _SomeTarget()
    target.listen(io.StringIO(f"{BEGIN}\n{record('t', SENT)}"))
    added = target.sink.schema["properties"].keys() - PROPERTIES.keys()
    if is_ours:
        assert added == {"at"}
        assert target.sink.kept == [{**SENT, "at": None}]
    else:  # or there is no need for a sink of ours
        assert len(added) == 6
        assert target.sink.kept[0]["_sdc_extracted_at"] != "sent"


@pytest.mark.parametrize(("minutes", "times"), [(math.inf, 1), (5.0, 2)])
def test_state_is_passed_on_at_the_end_only(
    monkeypatch, capsys, minutes: float, times: int
) -> None:
    """However long the input takes; the SDK's own limit would pass it on before, too."""
    assert Target._MAX_RECORD_AGE_IN_MINUTES == 5.0
    assert math.inf == TargetWithoutDeadline._MAX_RECORD_AGE_IN_MINUTES
    monkeypatch.setattr(TargetWithoutDeadline, "_MAX_RECORD_AGE_IN_MINUTES", minutes)
    monkeypatch.setattr(Target, "_max_record_age_in_minutes", 10.0)
    target = _SomeTarget()
    assert not target.has_state
    target.listen(io.StringIO(f"{BEGIN}\n{STATE}\n{record('t', SENT)}"))
    assert target.has_state
    state = json.loads(STATE)["value"]
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [state] * times


def test_signals_are_ours_once_a_target_is_made(tmp_path: Path) -> None:
    """target.WarehouseTarget sets its handlers when the SDK has set its own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        target = DuckDBTarget(
            config={"path": str(tmp_path / "x.duckdb"), "default_target_schema": "airflow_test"}
        )
        for number in before:
            assert signal.getsignal(number) == target._stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
