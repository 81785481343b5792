"""Airflow is upgraded between two syncs: nothing is lost, doubled or called deleted that is not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.extract.source_rows import Rows
from tests.pipeline.live.conftest import TAKES_LONG
from tests.pipeline.live.dag_files import ASKS, FOLLOWS, LIVED, LIVED_FILE
from tests.pipeline.live.syncs import (
    DEFAULT_TABLES,
    differences,
    newest_manifest,
    read_source,
    read_warehouse,
)
from tests.pipeline.meltano_runs import Pipeline
from tests.real_airflow.install import migrate
from tests.real_airflow.postgres import ThrowawayPostgres
from tests.real_airflow.running import RunningAirflow, running_airflow
from tests.transform.running_dbt import WHAT_GOES_ON, WITHOUT_TESTS

pytestmark = TAKES_LONG

_SECONDS = 180

# A try: DAG, run, task, which instance of it, and when it began, which no two of them share.
Try = tuple[str, str, str, str, datetime]
Facts = dict[str, dict[object, tuple[object, ...]]]


@dataclass
class Life:
    """An Airflow environment, and the warehouse that it is copied into.

    Attributes:
        url: Of its metadata database.
        pipe: Syncs it, and builds.
        tries: Every try that it ever had, by what its own tables have told so far.
    """

    url: str
    pipe: Pipeline
    tries: set[Try]


@dataclass(frozen=True)
class Upgraded:
    """What was there before an upgrade, and after life went on.

    Attributes:
        old_facts: Rows of marts before, by name and key.
        new_facts: The same at last.
        tries: Every try that Airflow had by the last sync.
        attempts: Rows of the mart of attempts.
        before: What the database held before the last sync.
        after: And after it.
        loaded: What the warehouse held then, rows that are marked as deleted left out.
        marked: Those.
        first: Manifest of the first sync after the upgrade.
        last: Of the last.
    """

    old_facts: Facts
    new_facts: Facts
    tries: set[Try]
    attempts: list[tuple[Any, ...]]
    before: dict[str, Rows]
    after: dict[str, Rows]
    loaded: dict[str, Rows]
    marked: dict[str, list[dict[str, Any]]]
    first: dict[str, dict[str, Any]]
    last: dict[str, dict[str, Any]]


# What stays what it was, by its key: an ended try, an event, a user, a version of a DAG.
_KEPT = {
    "fct_task_attempts": """
        select task_attempt_key, dag_id, run_id, task_id, map_index, try_number, started_at
        from fct_task_attempts where ended_at is not null
    """,
    "fct_dag_runs": "select dag_run_key, dag_id, run_id, started_at from fct_dag_runs",
    "fct_audit_events": "select audit_event_key, event_name, logged_at from fct_audit_events",
    "dim_users": "select user_key, username, role_names from dim_users",
    "fct_asset_events": "select asset_event_key, asset_uri, occurred_at from fct_asset_events",
    "fct_approvals": "select approval_key, dag_id, run_id, responded_at from fct_approvals",
    "dim_dags_history": "select dag_history_key, dag_id, valid_from_at from dim_dags_history",
}


def ask(pipe: Pipeline, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(pipe.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'; use airflow_audit")
        return connection.execute(query).fetchall()


def facts(pipe: Pipeline) -> Facts:
    return {name: {row[0]: row for row in ask(pipe, query)} for name, query in _KEPT.items()}


def tries_of(source: psycopg.Connection) -> set[Try]:
    """Every try that began: what has a start of its own, whatever table it is in."""
    found: set[Try] = set()
    for table in ("task_instance", "task_instance_history"):
        columns = {
            name
            for (name,) in source.execute(
                "select column_name from information_schema.columns where table_name = %s", [table]
            )
        }
        if not columns:
            continue
        place = "map_index::text"
        if "region_id" in columns:
            place = """
                case when region_id::text like '00000000-%' then region_index::text
                else region_id || '/' || region_index end
            """
        query = f"""
            select dag_id, run_id, task_id, {place}, start_date from {table}
            where start_date is not null and try_number > 0 and not (
                state in ('skipped', 'upstream_failed', 'removed') and start_date = end_date
            )
        """
        found |= set(source.execute(query).fetchall())
    return found


def live(airflow: RunningAirflow, source: psycopg.Connection, run_id: str) -> None:
    """Let `LIVED` run until it waits for tomorrow, and in Airflow 3 a run ask twice."""
    names = [LIVED, FOLLOWS, *([ASKS] if "dag_version" in _tables(source) else [])]

    def not_parsed() -> set[str]:
        parsed = source.execute("select dag_id from serialized_dag").fetchall()
        return set(names) - {name for (name,) in parsed}

    airflow.wait_until("DAGs to be parsed", not_parsed, _SECONDS)
    for name in names:
        airflow.api.set_paused(name, paused=False)
    airflow.api.trigger(LIVED, run_id)
    _wait_for_tasks(airflow, source, run_id)
    for name in names[2:]:
        airflow.api.trigger(name, run_id)
        airflow.wait_until("questions", lambda: 2 - len(_open_questions(source, run_id)), _SECONDS)
        answer = {"chosen_options": ["Reject"]}
        path = f"/dags/{name}/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails"
        airflow.api.send("PATCH", path, answer)
        airflow.wait_until("the answer", lambda: len(_open_questions(source, run_id)) - 1, _SECONDS)
        airflow.wait_until("a missed deadline", lambda: not _missed(source), _SECONDS)


def clear(airflow: RunningAirflow, source: psycopg.Connection, run_id: str, *tasks: str) -> None:
    """Have tasks of a run of `LIVED` done again."""
    count = len(tries_of(source))
    airflow.api.clear(LIVED, run_id, task_ids=list(tasks))
    airflow.wait_until("tasks to begin", lambda: len(tries_of(source)) <= count, _SECONDS)
    _wait_for_tasks(airflow, source, run_id)


def _tables(source: psycopg.Connection) -> set[str]:
    query = "select tablename from pg_tables where schemaname = 'public'"
    return {name for (name,) in source.execute(query)}


def _wait_for_tasks(airflow: RunningAirflow, source: psycopg.Connection, run_id: str) -> None:
    query = """
        select task_id, coalesce(state, 'none') from task_instance
        where dag_id = %s and run_id = %s and (to_jsonb(task_instance) ->> 'working_set'
            is not null or to_jsonb(task_instance) ? 'map_index')
    """
    wanted = {("load", "success"), ("flaky", "success"), ("part", "success")}

    def missing() -> object:
        states = set(source.execute(query, [LIVED, run_id]).fetchall())
        return states ^ (wanted | {("waiting", "up_for_retry")})

    airflow.wait_until(f"{run_id} to wait for tomorrow", missing, _SECONDS)
    # An update of the asset is queued until the run that follows it is made.
    queue = next(name for name in _tables(source) if re.match("(asset|dataset)_dag_run_q", name))
    following = f"""
        select run_id from dag_run where dag_id = '{FOLLOWS}' and state in ('queued', 'running')
        union all
        select target_dag_id from {queue}
    """
    airflow.wait_until(FOLLOWS, lambda: source.execute(following).fetchall(), _SECONDS)


def _open_questions(source: psycopg.Connection, run_id: str) -> list[object]:
    query = """
        select 1 from hitl_detail inner join task_instance on id = ti_id
        where run_id = %s and responded_at is null
    """
    return source.execute(query, [run_id]).fetchall()


def _missed(source: psycopg.Connection) -> list[object]:
    return source.execute("select 1 from deadline where missed").fetchall()


def build(pipe: Pipeline, *arguments: str) -> None:
    exit_code, output = pipe.meltano("invoke", *arguments)
    assert exit_code == 0, output


NO_EXAMPLES = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
DAGS = {"lived.py": LIVED_FILE}


def begin(version: str, url: str, folder: Path) -> Life:
    """Let a new Airflow live, with a sync before its last minute, so that there is more to find."""
    pipe = Pipeline(folder, "lived", url, {})
    with (
        running_airflow(version, url, DAGS, NO_EXAMPLES) as airflow,
        psycopg.connect(url, autocommit=True) as source,
    ):
        for run_id in ("before", "gone"):
            live(airflow, source, run_id)
        clear(airflow, source, "before", "load")
        tries = tries_of(source)
        pipe.sync()
        clear(airflow, source, "before", "flaky", "load")
        airflow.api.delete_run(LIVED, "gone")
        tries |= tries_of(source)
    build(pipe, "dbt", "build", *WITHOUT_TESTS)
    return Life(url, pipe, tries)


def upgrade(life: Life, new: str, run_id: str) -> Upgraded:
    """Upgrade Airflow by its own migrations, and let it live on, in the same warehouse."""
    old_facts = facts(life.pipe)
    migrate(new, life.url)
    with (
        running_airflow(new, life.url, DAGS, NO_EXAMPLES) as airflow,
        psycopg.connect(life.url, autocommit=True) as source,
    ):
        live(airflow, source, run_id)
        clear(airflow, source, "before", "part", "flaky")
        life.tries |= tries_of(source)
        life.pipe.sync()
        first = newest_manifest(life.pipe)
        build(life.pipe, "dbt", "build", *WITHOUT_TESTS, *WHAT_GOES_ON)
        clear(airflow, source, run_id, "load")
        life.tries |= tries_of(source)
        tries = set(life.tries)
        before = read_source(life.url, new)
        life.pipe.sync()
        after = read_source(life.url, new)
        build(life.pipe, "dbt:build")
        # For the next upgrade.
        clear(airflow, source, run_id, "flaky")
        life.tries |= tries_of(source)
    return Upgraded(
        old_facts=old_facts,
        new_facts=facts(life.pipe),
        tries=tries,
        attempts=ask(life.pipe, _ATTEMPTS),
        before=before,
        after=after,
        loaded=read_warehouse(life.pipe, new, marked=False),
        marked={
            name: [row for row in life.pipe.rows(name) if row["_sdc_deleted_at"]]
            for name in DEFAULT_TABLES
        },
        first=first,
        last=newest_manifest(life.pipe),
    )


_ATTEMPTS = """
    select dag_id, run_id, task_id, instance_index, started_at, is_deleted_at_source
    from fct_task_attempts
"""


@pytest.fixture(scope="module")
def upgrades(
    migrated_database: Callable[[str], str],
    postgres: ThrowawayPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Upgraded]:
    """One Airflow goes two steps; a copy of it as it was at first leaps over one of them."""
    stepping = begin("2.11.0", migrated_database("2.11.0"), tmp_path_factory.mktemp("stepping"))
    database = conninfo_to_dict(stepping.url)["dbname"]
    copy = postgres.create_database(f"{database}_copy", template=database)
    folder = tmp_path_factory.mktemp("leaping")
    for name in ("warehouse.duckdb", "meltano.db"):
        shutil.copy(stepping.pipe.folder / name, folder)
    leaping = Life(copy, Pipeline(folder, "lived", copy, {}), set(stepping.tries))
    return {
        "2.11 to 3.3": upgrade(stepping, "3.3.2", "after"),
        "3.3 to 3.4": upgrade(stepping, "3.4.0b2", "later"),
        "2.11 to 3.4": upgrade(leaping, "3.4.0b2", "after"),
    }


@pytest.fixture(params=["2.11 to 3.3", "3.3 to 3.4", "2.11 to 3.4"])
def upgraded(request: pytest.FixtureRequest, upgrades: dict[str, Upgraded]) -> Upgraded:
    return upgrades[request.param]


def test_every_try_that_airflow_ever_had_is_one_attempt(upgraded: Upgraded) -> None:
    attempts = [row[:5] for row in upgraded.attempts]
    assert set(attempts) == upgraded.tries
    assert len(attempts) == len(set(attempts)) > 20


def test_only_what_was_deleted_is_flagged(upgraded: Upgraded) -> None:
    flagged = {row[:2] for row in upgraded.attempts if row[5]}
    assert flagged == {(LIVED, "gone")}
    assert {row["run_id"] for row in upgraded.marked["dag_run"]} == {"gone"}


def test_what_was_known_keeps_its_key(upgraded: Upgraded) -> None:
    for name, old in upgraded.old_facts.items():
        new = upgraded.new_facts[name]
        assert {key: new.get(key) for key in old} == old, name


def test_the_first_sync_is_a_full_one_by_itself_and_the_next_is_not(upgraded: Upgraded) -> None:
    assert [name for name, row in upgraded.first.items() if not row["is_full_read"]] == []
    assert not upgraded.last["task_instance"]["is_full_read"]


def test_the_warehouse_has_what_airflow_has(upgraded: Upgraded) -> None:
    for table in DEFAULT_TABLES:
        after = upgraded.after[table]
        settled = {key: row for key, row in upgraded.before[table].items() if after.get(key) == row}
        assert differences(upgraded.loaded[table], settled) == {}, table


def test_a_table_that_the_upgrade_removed_stays_as_it_was(upgraded: Upgraded) -> None:
    removed = {
        name: datetime.fromisoformat(upgraded.first[name]["_sdc_extracted_at"])
        for name, row in upgraded.last.items()
        if not row["is_table_at_source"]
    }
    assert removed
    for name, upgraded_at in removed.items():
        gone = [datetime.fromisoformat(row["_sdc_deleted_at"]) for row in upgraded.marked[name]]
        assert [moment for moment in gone if moment >= upgraded_at] == [], name
