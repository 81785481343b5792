"""A target that is killed in the middle of a load, and the same sync again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

from tests.load.loaded_warehouse import LoadedWarehouse, wait_until_read
from tests.load.singer import INTEGER, MOMENTS, STATE, TEXT, batch, parquet, schema, whole

PROPERTIES = {"id": INTEGER, "note": TEXT, "table_name": TEXT}
MODES = {"merged": "merge", "mirrored": "mirror", "appended": "append", "_sync_manifest": "merge"}
TRIES = 4

Content = dict[str, list[tuple[Any, ...]]]


class Syncs:
    """Two syncs of the same tables; each file is linked anew, because a target deletes it."""

    def __init__(self, folder: Path, row_count: int) -> None:
        self._folder = folder
        some = row_count // 15
        self._files = {
            (number, table): parquet(folder / "files", PROPERTIES, rows, MOMENTS[number])
            for number in (0, 1)
            for table in MODES
            for rows in [
                [
                    {
                        "id": row,
                        "note": f"{table} {row * 7919 % 10_007} {number}",
                        "table_name": list(MODES)[row % len(MODES)],
                    }
                    for row in range(number * some, row_count + number * 2 * some)
                ]
            ]
        }

    def messages(self, number: int) -> list[str]:
        shutil.rmtree(self._folder / "spool", ignore_errors=True)
        (self._folder / "spool").mkdir()
        messages = []
        for table, mode in MODES.items():
            file = self._folder / "spool" / f"{table}.parquet"
            os.link(self._files[number, table], file)
            messages += [schema(table, PROPERTIES, key=["id"], mode=mode), batch(table, file)]
            if table != "_sync_manifest":
                messages.append(whole(table, MOMENTS[number]))
        return [*messages, STATE]


def _content(warehouse: LoadedWarehouse) -> Content:
    return {table: warehouse.rows(table) for table in MODES}


def _unmarked(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(*row[:-1], None) for row in rows]


def _load(
    warehouse: LoadedWarehouse, messages: list[str], kill_after: float | None
) -> tuple[str, float]:
    """Run the command, kill it so many seconds after it has read its input.

    Gives what it wrote, and the seconds from the end of its input to its own end.
    """
    with warehouse.start(*messages) as process:
        wait_until_read(process)
        started = time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            process.send_signal(signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
    return output, time.monotonic() - started


def test_killed_and_run_again_is_as_never_killed(
    warehouse: LoadedWarehouse, tmp_path: Path
) -> None:
    generator = random.Random(20261121)
    syncs = Syncs(tmp_path / "syncs", 3000 if warehouse.is_slow_to_read else 15_000)
    clean = warehouse.with_schema("airflow_clean")
    clean.load(*syncs.messages(0))
    before = _content(clean)
    output, seconds = _load(clean, syncs.messages(1), kill_after=None)
    after = _content(clean)
    assert output
    assert all(before[table] != after[table] for table in MODES)

    kills_before_the_end = 0
    for number in range(TRIES):
        killed = warehouse.with_schema(f"airflow_killed_{number}")
        killed.load(*syncs.messages(0))
        # One in each part of the usual time, so that the first is early on any machine.
        moment = (number + generator.random()) / TRIES * seconds
        output, _ = _load(killed, syncs.messages(1), moment)
        left = _content(killed)
        for table in MODES:
            # Never a part of a table; deletion marks may be missing.
            assert left[table] in (before[table], after[table], _unmarked(after[table]))
        if output or left["_sync_manifest"] == after["_sync_manifest"]:
            assert left == after
        kills_before_the_end += left != after
        killed.load(*syncs.messages(1))
        assert _content(killed) == after
        if warehouse.is_exclusive:
            assert warehouse.traces() == []
    assert kills_before_the_end
