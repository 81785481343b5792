"""An Airflow 2.11 in which anything may happen, and what each sync then finds of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import duckdb

from tests.transform.raw_tables import SYNCED_AT, Row, SourceChanges, load_environment

SLUG = "random"
DAGS = ("sales", "stock", "shop")
TASKS = ("extract", "load", "report")
POOLS = ("default_pool", "etl")
STATES = ("success", "success", "success", "failed", "running", "up_for_retry", "queued", "skipped")
FIRST_DAY = SYNCED_AT - timedelta(days=40)
# Found by no change time, so that every sync reads them whole.
READ_WHOLE = ("ab_user", "slot_pool", "task_instance_history")


class RandomAirflow:
    """Makes changes, writes them into the raw tables as a sync does, and remembers what is there.

    Args:
        warehouse: Where the environment is made.
        seed: The same seed gives the same life.
    """

    def __init__(self, warehouse: duckdb.DuckDBPyConnection, seed: int) -> None:
        self._random = Random(seed)
        self._runs: list[dict[str, Any]] = []
        self._ids = 0
        self._now = SYNCED_AT
        load_environment(
            warehouse,
            SLUG,
            "2.11.0",
            {
                "dag": [{"dag_id": dag_id, "is_active": True, "owners": "shop"} for dag_id in DAGS],
                "slot_pool": [
                    {"id": n, "pool": pool, "slots": 2} for n, pool in enumerate(POOLS, start=1)
                ],
                "ab_user": [{"id": 1, "username": "jane", "active": True, "created_on": FIRST_DAY}],
            },
        )
        self._source = SourceChanges(warehouse, SLUG, self._now)
        for _ in range(40):
            self._new()

    def live(self, warehouse: duckdb.DuckDBPyConnection, changes: int) -> None:
        """Let some things happen, and sync; every kind of change is among them."""
        self._now += timedelta(hours=1)
        self._source = SourceChanges(warehouse, SLUG, self._now)
        kinds: list[Callable[[], None]] = [
            *(self._new, self._retried, self._cleared, self._deleted, self._late, self._renamed),
            *(self._marked, self._made_again),
        ]
        for kind in kinds + self._random.choices(kinds, k=changes):
            kind()
        for table in READ_WHOLE:
            self._source.change(table, "_sdc_deleted_at is null")
        self._source.change("_sync_manifest", "true")

    def _next_id(self) -> int:
        self._ids += 1
        return self._ids

    def _moment(self) -> datetime:
        return FIRST_DAY + timedelta(seconds=self._random.randrange(40 * 86400))

    def _times(self, start: datetime) -> Row:
        seconds = self._random.randrange(1, 7200)
        return {
            "queued_dttm": start - timedelta(seconds=self._random.randrange(600)),
            "start_date": start,
            "end_date": start + timedelta(seconds=seconds),
            "duration": float(seconds),
        }

    def _try(self, run: Row, task_id: str, number: int, state: str, start: datetime) -> Row:
        times = dict(self._times(start))
        if state in ("running", "queued"):
            times |= {"end_date": None, "duration": None}
        return times | {
            "dag_id": run["dag_id"],
            "run_id": run["run_id"],
            "task_id": task_id,
            "map_index": -1,
            "state": state,
            "try_number": number,
            "max_tries": 2,
            "pool": self._random.choice(POOLS),
            "pool_slots": self._random.randrange(1, 3),
        }

    def _note(self, event: str, run: Row, owner: str = "jane", **values: Any) -> None:
        self._source.add(
            "log",
            {"id": self._next_id(), "dttm": self._now, "event": event, "owner": owner}
            | {"dag_id": run["dag_id"], "run_id": run["run_id"]}
            | values,
        )

    def _some_run(self) -> dict[str, Any]:
        return self._random.choice(self._runs)

    def _new(self, **values: Any) -> None:
        number, start = self._next_id(), self._moment()
        run: dict[str, Any] = {
            "id": number,
            "dag_id": self._random.choice(DAGS),
            "run_id": f"run_{number}",
            "run_type": self._random.choice(("scheduled", "manual")),
            "state": self._random.choice(("success", "failed", "running")),
            "execution_date": start,
            "data_interval_end": start,
            "queued_at": start,
            "start_date": start + timedelta(seconds=2),
            "end_date": start + timedelta(seconds=self._random.randrange(3, 20000)),
            "clear_number": 0,
        } | values
        run["tries"] = dict.fromkeys(TASKS, 1)
        self._runs.append(run)
        self._source.add("dag_run", {name: value for name, value in run.items() if name != "tries"})
        for task_id in TASKS:
            state = self._random.choice(STATES)
            self._source.add("task_instance", self._try(run, task_id, 1, state, start))
        if run["run_type"] == "manual":
            self._note("trigger", run, dttm=start)

    def _retried(self, state: str | None = None) -> None:
        self._again(self._some_run(), self._random.choice(TASKS), state)

    def _again(self, run: dict[str, Any], task_id: str, state: str | None = None) -> None:
        before = run["tries"][task_id]
        run["tries"][task_id] += 1
        earlier = self._try(run, task_id, before, "failed", self._moment())
        self._source.add("task_instance_history", earlier | {"id": self._next_id()})
        later = self._try(
            run, task_id, before + 1, state or self._random.choice(STATES), self._moment()
        )
        self._source.change("task_instance", _is(run, task_id), **later)

    def _cleared(self) -> None:
        run = self._some_run()
        run["clear_number"] += 1
        for task_id in TASKS[1:]:
            self._again(run, task_id)
        state = self._random.choice(("success", "failed", "running"))
        end = self._now if state != "running" else None
        changed = {"clear_number": run["clear_number"], "state": state, "end_date": end}
        self._source.change("dag_run", f"id = {run['id']}", **changed)
        self._note("clear", run)

    def _without_its_run(self) -> dict[str, Any]:
        """Delete a run, and what is remembered of its tries; its task instances are left."""
        run = self._some_run()
        self._runs.remove(run)
        self._source.delete("dag_run", f"id = {run['id']}")
        if max(run["tries"].values()) > 1:
            self._source.delete("task_instance_history", _is(run))
        return run

    def _deleted(self) -> None:
        run = self._without_its_run()
        self._source.delete("task_instance", _is(run))
        self._note("delete", run)

    def _made_again(self) -> None:
        run = self._without_its_run()
        self._source.lose("task_instance", _is(run))
        self._new(dag_id=run["dag_id"], run_id=run["run_id"])

    def _late(self) -> None:
        """What was long ago is found only now."""
        run = self._some_run()
        task_id = f"late_{self._next_id()}"
        self._source.add("task_instance", self._try(run, task_id, 1, "success", self._moment()))
        self._note("trigger", run, dttm=self._moment())

    def _renamed(self) -> None:
        """A name comes to mean somebody else, a pool another size, a task another pool."""
        self._source.change("ab_user", "_sdc_deleted_at is null", username=self._name())
        self._source.change("slot_pool", "id = 2", slots=self._random.randrange(1, 9))
        moved = _is(self._some_run(), "extract")
        self._source.change("task_instance", moved, pool=self._random.choice(POOLS))

    def _name(self) -> str:
        return self._random.choice(("jane", "joe", "ann"))

    def _marked(self) -> None:
        run = self._some_run()
        state = self._random.choice(("success", "failed"))
        self._source.change("dag_run", f"id = {run['id']}", state=state)
        self._note(state, run, owner=self._name())


def _is(run: Row, task_id: str | None = None) -> str:
    condition = f"dag_id = '{run['dag_id']}' and run_id = '{run['run_id']}'"
    return f"{condition} and task_id = '{task_id}'" if task_id else condition
