"""Syncs of a source that nobody writes: what they cost, and that the warehouse stays true."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tap_airflow_metadata.catalogue import load_catalogue
from tests.extract.tap_runs import TapRun, sync_here
from tests.load.hashed_source import LoadStoppedError, stopping_at
from tests.load.loaded_duckdb import LoadedDuckDB
from tests.load.loaded_redshift import LoadedRedshift
from tests.load.loaded_snowflake import LoadedSnowflake
from tests.load.loaded_warehouse import LoadedWarehouse
from tests.real_airflow.postgres import execute
from tests.stand_ins import CLOUD_WAREHOUSES

VERSION = "3.3.2"


def _load(warehouse: LoadedWarehouse, run: TapRun) -> None:
    warehouse.load(*map(json.dumps, run.messages))


def _asked(warehouse: Any) -> tuple[int, int]:
    """Statements and sessions since the last call; of BigQuery queries and all requests."""
    if isinstance(warehouse, LoadedSnowflake):
        log = warehouse.stand_in.log()
        return sum("statement" in entry for entry in log), sum("login" in entry for entry in log)
    if isinstance(warehouse, LoadedRedshift):
        statements = warehouse.stand_in.statements()
        (warehouse.stand_in.folder / "statements.jsonl").write_text("")
        # psycopg2's first words in each session.
        return len(statements), statements.count("RESET ALL")
    requests = warehouse.stand_in.requests()
    return sum(bool(request["query"]) for request in requests), len(requests)


@pytest.mark.stand_in
@pytest.mark.parametrize("name", CLOUD_WAREHOUSES)
def test_an_identical_sync_takes_few_statements(
    name: str,
    request: pytest.FixtureRequest,
    filled_database: Callable[..., str],
    tmp_path: Path,
) -> None:
    """The first reads again what changed within the lookback; the second has nothing new."""
    warehouse: LoadedWarehouse = request.getfixturevalue(f"{name}_warehouse")
    url = filled_database(VERSION)
    state, counts = None, []
    for _ in range(3):
        run = sync_here(tmp_path, state, database_url=url, lookback_seconds=3600)
        _asked(warehouse)
        _load(warehouse, run)
        counts.append(_asked(warehouse))
        state = run.state
    (first, _), (second, second_sessions), (third, third_sessions) = counts
    # Requests of BigQuery, which knows no sessions.
    most_sessions = 40 if name == "bigquery" else 4
    assert first > 60
    assert 4 < second <= 40
    assert second_sessions <= most_sessions
    assert 4 < third <= 20
    assert third_sessions <= most_sessions


# Some that are read whole, some of which changes are read, and one that is empty at first.
TABLES = ["ab_user_role", "dag_tag", "dag_run", "import_error", "log", "slot_pool", "variable"]
WHOLE = [name for name in TABLES if load_catalogue()[name].change is None]
SYNCS = 12


class _Source:
    """A database in which something happens at random, and much of it is undone."""

    def __init__(self, url: str, chance: random.Random) -> None:
        self._url, self._chance = url, chance
        for table in TABLES:
            execute(url, f"create table kept_{table} as select * from {table}")

    def happen(self) -> None:
        table = self._chance.choice(TABLES)
        one = f"(select min(ctid) from {table})"
        back = f"insert into {table} select * from kept_{table} on conflict do nothing"
        happenings = {
            "slot_pool": "update slot_pool set slots = 7 - slots",
            "variable": "update variable set is_encrypted = not coalesce(is_encrypted, false)",
            "dag_run": "update dag_run set state = 'failed', updated_at = now()"
            f" where ctid = {one}",
        }
        execute(
            self._url,
            "set session_replication_role = replica",
            self._chance.choice(
                [
                    f"delete from {table} where ctid = {one}",
                    f"delete from {table}",
                    back,
                    back,
                    happenings.get(table, back),
                ]
            ),
        )


class _Twins:
    """A warehouse that is loaded as we do, and one that is told to load everything each time."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.ours = LoadedDuckDB(folder / "ours")
        self.other = LoadedDuckDB(folder / "other")
        self._folder, self._mode = folder, mode

    def load(self, run: TapRun) -> None:
        shutil.rmtree(self._folder / "copy", ignore_errors=True)
        shutil.copytree(self._folder / "spool", self._folder / "copy")
        messages = [json.dumps(message) for message in run.messages]
        problems = []
        for warehouse in (self.ours, self.other):
            try:
                warehouse.load(*messages)
            except LoadStoppedError as error:
                problems.append(error)
            messages = [
                message.replace('"x-known": true', '"x-known": false').replace("/spool/", "/copy/")
                for message in messages
            ]
        shutil.rmtree(self._folder / "spool", ignore_errors=True)
        if problems:
            assert len(problems) == 2
            raise problems[0]

    def both(self, sql: str) -> None:
        for warehouse in (self.ours, self.other):
            warehouse.query(sql)

    def require_equal(self) -> None:
        """As staging has them: of each key the newest version, with when it was last seen.

        A sync that was killed may have seen rows later, which nothing tells but their moment.
        """
        for table in TABLES:
            rows = [warehouse.query(self._seen(table)) for warehouse in (self.ours, self.other)]
            assert rows[0] == rows[1], table
        manifests = [
            warehouse.query(
                "select * exclude (unchanged_since_at) from _sync_manifest order by all"
            )
            for warehouse in (self.ours, self.other)
        ]
        assert manifests[0] == manifests[1]

    def _seen(self, table: str) -> str:
        key = ", ".join(f'"{column}"' for column in load_catalogue()[table].key[0])
        newest = (
            f"qualify row_number() over (partition by {key} order by _sdc_extracted_at desc) = 1"
        )
        return (
            "select * exclude (seen_at) replace ((select max(m._sdc_extracted_at)"
            " from _sync_manifest as m where m._sdc_extracted_at <= seen_at) as _sdc_extracted_at)"
            " from (select t.*, coalesce((select max(m._sdc_extracted_at) from _sync_manifest as m"
            f" where table_name = '{table}' and unchanged_since_at = t._sdc_extracted_at),"
            " t._sdc_extracted_at) as seen_at"
            f" from {table} as t {newest}) order by all"
        )


@pytest.mark.parametrize("mode", ["merge", "mirror", "append"])
def test_no_row_differs_from_loading_everything(
    mode: str,
    filled_database: Callable[..., str],
    tmp_path: Path,
) -> None:
    chance = random.Random(f"nothing twice {mode}")
    url = filled_database(VERSION, rows=9)
    execute(url, "truncate import_error", "update slot_pool set slots = 3")
    source, twins = _Source(url, chance), _Twins(tmp_path, mode)
    state = None
    for number in range(SYNCS):
        for _ in range(chance.choice([0, 0, 1, 2])):
            source.happen()
        given = None if chance.random() < 0.1 else state
        run = sync_here(tmp_path, given, database_url=url, mode=mode, tables=TABLES)
        step = chance.choice([None, None, None, "_load", "_mark_deleted"]) if number else None
        try:
            with stopping_at(step) if step else nullcontext():
                twins.load(run)
        except LoadStoppedError:
            continue
        state = run.state
        twins.require_equal()
        if chance.random() < 0.1:
            twins.both(f"delete from {chance.choice(WHOLE)}")
    [[unchanged]] = twins.ours.query("select count(unchanged_since_at) from _sync_manifest")
    assert unchanged > SYNCS
    assert twins.other.query("select count(unchanged_since_at) from _sync_manifest") == [(0,)]
