"""What a person does to a running Airflow, one deed of each kind, between two syncs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import duckdb
import psycopg

from tests.pipeline.live.syncs import FINISHED
from tests.pipeline.meltano_runs import Pipeline
from tests.real_airflow.running import RunningAirflow, running_airflow
from tests.transform.running_dbt import WHAT_GOES_ON, WITHOUT_TESTS

FAILS, TASK = "fails", "load"
# Runs of `FAILS`. All of them fail at first; of those that are cleared, one fails again.
NOTED, MARKED, FAILS_AGAIN, RECOVERS = "noted", "marked", "fails_again", "recovers"

PAUSED, UNPAUSED, BOTH = "paused_later", "unpaused_later", "paused_and_unpaused"

# Since Airflow 3.1; the two runs of it are answered.
ASKS, QUESTION = "asks_to_pay", "approve"
APPROVED, REJECTED = "approved", "rejected"

POOL, SLOTS_BEFORE, SLOTS = "narrow", 3, 5
CONNECTION = "orders"
HOST_BEFORE, HOST = "old.example.com", "new.example.com"
SWITCHED_OFF = "vera"

_SECONDS = 180
_FILES = {
    "deeds.py": f"""
from datetime import datetime, timezone

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

never_by_itself = {{
    "schedule": None,
    "start_date": datetime(2025, 1, 1, tzinfo=timezone.utc),
    "catchup": False,
}}


@dag(is_paused_upon_creation=False, **never_by_itself)
def {FAILS}():
    @task(retries=0)
    def {TASK}(ti=None):
        if ti.run_id != "{RECOVERS}" or ti.try_number == 1:
            raise RuntimeError("as it is meant to")

    {TASK}()


def nothing():
    @task
    def do(): ...

    do()


{FAILS}()
for name, is_paused in (("{PAUSED}", False), ("{UNPAUSED}", True), ("{BOTH}", False)):
    dag(name, is_paused_upon_creation=is_paused, **never_by_itself)(nothing)()
""",
}
_ASKING_FILES = {
    "asks.py": f"""
from datetime import datetime, timezone

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import dag


@dag(
    schedule=None,
    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
    is_paused_upon_creation=False,
)
def {ASKS}():
    ApprovalOperator(task_id="{QUESTION}", subject="Pay?")


{ASKS}()
""",
}


@dataclass(frozen=True)
class Done:
    """What was done, and where it is to be seen.

    Attributes:
        version: Airflow's version.
        since: When the person began, which is after the first sync.
        pipe: What synced before and after, and built.
    """

    version: str
    since: datetime
    pipe: Pipeline

    @property
    def has_questions(self) -> bool:
        return has_questions(self.version)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Query the marts."""
        with duckdb.connect(str(self.pipe.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'; use airflow_audit")
            return connection.execute(query, values).fetchall()


def has_questions(version: str) -> bool:
    """Tell whether tasks of an Airflow version may ask a human."""
    return not version.startswith(("2.", "3.0."))


def do_all(version: str, database_url: str, pipe: Pipeline) -> Done:
    """Run Airflow on a database that is new, and sync and build before and after the deeds.

    Raises:
        PythonNotFoundError: No Python it runs on is on this machine.
        AirflowCommandError: It could not be installed, or a command of it failed.
        RunningAirflowError: It stopped, or did not run what it was to run.
    """
    asking = has_questions(version)
    files = _FILES | (_ASKING_FILES if asking else {})
    no_examples = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    with (
        running_airflow(version, database_url, files, no_examples) as airflow,
        psycopg.connect(database_url, autocommit=True) as source,
    ):
        _prepare(airflow, source, asking=asking)
        pipe.sync()
        # The last build has the tests.
        _build(pipe, *WITHOUT_TESTS, *WHAT_GOES_ON)
        since = datetime.now(tz=timezone.utc)
        _touch_runs(airflow, version)
        if asking:
            _answer(airflow)
        _pause(airflow)
        _configure(airflow)
        _switch_off(airflow, source)
        _wait_until_done(airflow, source)
    pipe.sync()
    # Its data tests look at what a real Airflow wrote; the unit tests do not.
    _build(pipe, "--exclude-resource-type", "unit_test")
    return Done(version, since, pipe)


def _prepare(airflow: RunningAirflow, source: psycopg.Connection, *, asking: bool) -> None:
    """Make what there is to do something to."""
    airflow.create_user(SWITCHED_OFF, "Viewer", password=secrets.token_hex())
    api = airflow.api
    api.create_connection(CONNECTION, conn_type="http", host=HOST_BEFORE, port=443)
    api.send("POST", "/pools", _pool(SLOTS_BEFORE))
    wanted = {FAILS, PAUSED, UNPAUSED, BOTH, *([ASKS] if asking else [])}

    def not_parsed() -> set[str]:
        parsed = source.execute("select dag_id from serialized_dag").fetchall()
        return wanted - {name for (name,) in parsed}

    airflow.wait_until("DAGs to be parsed", not_parsed, _SECONDS)
    for run_id in (NOTED, MARKED, FAILS_AGAIN, RECOVERS):
        api.trigger(FAILS, run_id)
    for run_id in (APPROVED, REJECTED) if asking else ():
        api.trigger(ASKS, run_id)
    failed = "select 4 - count(*) from dag_run where dag_id = %s and state = 'failed'"
    airflow.wait_until("runs to fail", lambda: _number(source, failed, FAILS), _SECONDS)
    if asking:
        # A question is open once its task waits.
        asked = """
            select 2 - count(*) from hitl_detail inner join task_instance on id = ti_id
            where dag_id = %s and state in ('deferred', 'awaiting_input')
        """
        airflow.wait_until("two questions", lambda: _number(source, asked, ASKS), _SECONDS)


def _number(source: psycopg.Connection, query: str, *values: object) -> int:
    [(number,)] = source.execute(query, values).fetchall()
    return int(number)


def _touch_runs(airflow: RunningAirflow, version: str) -> None:
    """Note something on a run, mark a task, and clear what has failed."""
    api = airflow.api
    runs = f"/dags/{FAILS}/dagRuns"
    note = f"{runs}/{NOTED}{'/setNote' if version.startswith('2.') else ''}"
    api.send("PATCH", note, {"note": "the supplier was late"})
    api.mark(FAILS, MARKED, TASK, "success")
    for run_id in (FAILS_AGAIN, RECOVERS):
        api.send("POST", f"{runs}/{run_id}/clear", {"dry_run": False})


def _answer(airflow: RunningAirflow) -> None:
    for run_id, chosen in ((APPROVED, "Approve"), (REJECTED, "Reject")):
        question = f"/dags/{ASKS}/dagRuns/{run_id}/taskInstances/{QUESTION}/-1/hitlDetails"
        airflow.api.send("PATCH", question, {"chosen_options": [chosen]})


def _pause(airflow: RunningAirflow) -> None:
    airflow.api.set_paused(PAUSED, paused=True)
    airflow.api.set_paused(UNPAUSED, paused=False)
    # Two syncs show nothing of this.
    airflow.api.set_paused(BOTH, paused=True)
    airflow.api.set_paused(BOTH, paused=False)


def _configure(airflow: RunningAirflow) -> None:
    # Whole: Airflow 3.4 refuses the slots alone, even with a mask.
    airflow.api.send("PATCH", f"/pools/{POOL}", _pool(SLOTS))
    host = {"connection_id": CONNECTION, "conn_type": "http", "host": HOST}
    airflow.api.send("PATCH", f"/connections/{CONNECTION}?update_mask=host", host)


def _pool(slots: int) -> dict[str, object]:
    return {"name": POOL, "slots": slots, "description": "", "include_deferred": False}


def _switch_off(airflow: RunningAirflow, source: psycopg.Connection) -> None:
    """Use the form of FAB: its API changes everything of an account but that."""
    query = """
        select ab_user.id, first_name, last_name, email, role_id
        from ab_user inner join ab_user_role on user_id = ab_user.id where username = %s
    """
    [(number, first_name, last_name, email, role)] = source.execute(query, [SWITCHED_OFF])
    names = {"first_name": first_name, "last_name": last_name, "username": SWITCHED_OFF}
    pages = airflow.log_in()
    # As of every box that is not ticked, a browser sends nothing of `active`.
    fields = names | {"email": email, "roles": str(role)}
    pages.fill(f"{pages.users}/users/edit/{number}", fields)
    query = "select active from ab_user where id = %s"
    assert source.execute(query, [number]).fetchall() == [(False,)]


def _wait_until_done(airflow: RunningAirflow, source: psycopg.Connection) -> None:
    """Wait until what was cleared or answered has ended: of the rest nothing goes on."""
    query = """
        select dag_id, run_id, state from dag_run
        where not state = any(%s) or run_id = any(%s) and clear_number = 0
    """
    cleared = [FAILS_AGAIN, RECOVERS]

    def going_on() -> list[tuple[object, ...]]:
        return source.execute(query, [list(FINISHED), cleared]).fetchall()

    airflow.wait_until("runs to end", going_on, _SECONDS)


def _build(pipe: Pipeline, *arguments: str) -> None:
    exit_code, output = pipe.meltano("invoke", "dbt", "build", *arguments)
    assert exit_code == 0, output
