"""What a person does to Airflow, one deed of each kind, is in the marts as what it was.

The newest of Airflow 2 and 3 always; two more if asked for:
`make test-airflow TESTS=tests/pipeline/live/test_deeds.py ARGS="-m every_airflow"`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import LIVE_VERSIONS
from tests.pipeline.live import deeds
from tests.pipeline.live.conftest import TAKES_LONG
from tests.pipeline.live.deeds import Done
from tests.pipeline.meltano_runs import Pipeline
from tests.real_airflow.install import has_python
from tests.real_airflow.running import USER

pytestmark = TAKES_LONG

VERSIONS = ("2.11.0", "3.0.6", "3.3.2", "3.4.0b2")


@pytest.fixture(
    scope="module",
    params=[
        version
        if version in LIVE_VERSIONS
        else pytest.param(version, marks=pytest.mark.every_airflow)
        for version in VERSIONS
    ],
)
def done(
    request: pytest.FixtureRequest,
    migrated_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Done:
    version: str = request.param
    # The newest runs on every Python that this project runs on, so it is never left out.
    if version != LIVE_VERSIONS[-1] and not has_python(version):
        pytest.skip(f"no Python that Airflow {version} runs on is on this machine")
    url = migrated_database(version)
    # With an hour of lookback the second sync would read all rows again, and prove little.
    lookback = {"TAP_AIRFLOW_METADATA_LOOKBACK_SECONDS": "15"}
    pipe = Pipeline(tmp_path_factory.mktemp("deeds"), "deeds", url, lookback)
    return deeds.do_all(version, url, pipe)


def notes_pauses_wrongly(version: str) -> bool:
    """Tell whether Airflow notes the end of a pause whatever it was asked (#55074)."""
    return version.startswith("3.0.")


def test_every_deed_is_an_event_of_the_person(done: Done) -> None:
    """Each once, in this order."""
    told = done.ask(
        "select action, object_type, dag_id, run_id, task_id, new_state, new_value"
        " from fct_audit_events where logged_at >= ? and actor_name = ? and is_human"
        " order by logged_at",
        *(done.since, USER),
    )
    pause, unpause = ("pause", "is_paused: true"), ("unpause", "is_paused: false")
    hidden = [("changed", None)] * 2 if notes_pauses_wrongly(done.version) else [pause, unpause]
    paused = [(deeds.PAUSED, *pause), (deeds.UNPAUSED, *unpause)]
    paused += [(deeds.BOTH, *seen) for seen in hidden]
    asks, question = deeds.ASKS, deeds.QUESTION
    answers = [("approve", deeds.APPROVED), ("reject", deeds.REJECTED)]
    assert told == [
        ("annotate", "dag_run", deeds.FAILS, deeds.NOTED, None, None, "has_note: true"),
        ("mark", "task_instance", deeds.FAILS, deeds.MARKED, deeds.TASK, "success", None),
        ("clear", "dag_run", deeds.FAILS, deeds.FAILS_AGAIN, None, None, None),
        ("clear", "dag_run", deeds.FAILS, deeds.RECOVERS, None, None, None),
        *(
            (action, "task_instance", asks, run_id, question, None, None)
            for action, run_id in answers
            if done.has_questions
        ),
        *((action, "dag", dag_id, None, None, None, value) for dag_id, action, value in paused),
        ("edit", "pool", None, None, None, None, f"slots: {deeds.SLOTS}"),
        ("edit", "connection", None, None, None, None, None),
    ]


def test_what_was_done_to_runs_is_an_intervention_with_how_much_it_touched(done: Done) -> None:
    told = done.ask(
        "select action, run_id, task_id, new_state, run_count, task_instance_count, clear_count"
        " from fct_manual_interventions where logged_at >= ? and actor_name = ? and dag_id = ?"
        " order by logged_at",
        *(done.since, USER, deeds.FAILS),
    )
    assert told == [
        ("annotate", deeds.NOTED, None, None, 1, None, 0),
        ("mark", deeds.MARKED, deeds.TASK, "success", 1, 1, 0),
        ("clear", deeds.FAILS_AGAIN, None, None, 1, 1, 1),
        ("clear", deeds.RECOVERS, None, None, 1, 1, 1),
    ]


def test_what_was_done_to_dags_is_an_intervention(done: Done) -> None:
    told = done.ask(
        "select dag_id, list(action order by logged_at) from fct_manual_interventions"
        " where logged_at >= ? and actor_name = ? and object_type = 'dag' group by dag_id",
        *(done.since, USER),
    )
    unseen = ["changed"] * 2 if notes_pauses_wrongly(done.version) else ["pause", "unpause"]
    assert dict(told) == {
        deeds.PAUSED: ["pause"],
        deeds.UNPAUSED: ["unpause"],
        deeds.BOTH: unseen,
    }


def test_a_dag_that_is_paused_at_last_has_another_version_in_history(done: Done) -> None:
    told = done.ask(
        "select dag_id, list(is_paused order by valid_from_at) from dim_dags_history"
        " where dag_id in (?, ?, ?) group by dag_id",
        *(deeds.PAUSED, deeds.UNPAUSED, deeds.BOTH),
    )
    assert dict(told) == {
        deeds.PAUSED: [False, True],
        deeds.UNPAUSED: [True, False],
        deeds.BOTH: [False],
    }


def test_an_answer_is_a_verdict_with_who_gave_it(done: Done) -> None:
    if not done.has_questions:
        pytest.skip("since Airflow 3.1")
    told = done.ask(
        "select run_id, task_id, subject, verdict, responded_by_username, is_open,"
        " responded_at >= ?, waited_seconds > 0 from fct_approvals order by run_id",
        done.since,
    )
    question = (deeds.QUESTION, "Pay?")
    assert told == [
        (deeds.APPROVED, *question, "approved", USER, False, True, True),
        (deeds.REJECTED, *question, "rejected", USER, False, True, True),
    ]
    answers = done.ask(
        "select action, run_id, task_id from fct_manual_interventions"
        " where actor_name = ? and dag_id = ? and logged_at >= ? order by 1",
        *(USER, deeds.ASKS, done.since),
    )
    assert answers == [
        ("approve", deeds.APPROVED, deeds.QUESTION),
        ("reject", deeds.REJECTED, deeds.QUESTION),
    ]


def test_an_edit_tells_what_it_changed_and_who_did_it(done: Done) -> None:
    told = done.ask(
        "select object_type, object_name, action, changed_columns, actor_kind, actor_name,"
        " is_attributed from fct_config_changes"
        " where changed_at >= ? and object_type in ('connection', 'pool') order by 1",
        done.since,
    )
    assert told == [
        ("connection", deeds.CONNECTION, "edit", "host", "human", USER, True),
        ("pool", deeds.POOL, "edit", "slot_count", "human", USER, True),
    ]
    pools = "select slot_count from dim_pools where pool_name = ?"
    assert done.ask(pools, deeds.POOL) == [(deeds.SLOTS,)]
    hosts = "select host from dim_connections where conn_id = ?"
    assert done.ask(hosts, deeds.CONNECTION) == [(deeds.HOST,)]


def test_a_cleared_run_keeps_how_it_ended_first(done: Done) -> None:
    runs = done.ask(
        "select run_id, state, first_state, was_repaired_by_hand, first_started_at < started_at"
        " from fct_dag_runs where dag_id = ? order by 1",
        deeds.FAILS,
    )
    assert runs == [
        (deeds.FAILS_AGAIN, "failed", "failed", False, True),
        (deeds.MARKED, "failed", "failed", False, False),
        (deeds.NOTED, "failed", "failed", False, False),
        (deeds.RECOVERS, "success", "failed", True, True),
    ]
    attempts = done.ask(
        "select run_id, list(state order by try_number) from fct_task_attempts"
        " where dag_id = ? group by run_id",
        deeds.FAILS,
    )
    assert dict(attempts) == {
        deeds.FAILS_AGAIN: ["failed", "failed"],
        deeds.MARKED: ["success"],
        deeds.NOTED: ["failed"],
        deeds.RECOVERS: ["failed", "success"],
    }


def test_a_marked_task_keeps_how_it_ended_first(done: Done) -> None:
    told = done.ask(
        "select state, first_state, was_repaired_by_hand from fct_task_instances"
        " where dag_id = ? and run_id = ?",
        *(deeds.FAILS, deeds.MARKED),
    )
    # Airflow 3.0 has no event of a task that fails, and earlier syncs are asked of runs alone.
    first = ("unknown", None) if done.version.startswith("3.0.") else ("failed", True)
    assert told == [("success", *first)]


def test_an_account_that_is_switched_off_is_a_change_of_access(done: Done) -> None:
    """Airflow has no event of it."""
    told = done.ask(
        "select change_kind, username, is_observed, unchanged_until_at < ?"
        " from fct_access_changes where changed_at >= ?",
        *(done.since, done.since),
    )
    assert told == [("account_switched_off", deeds.SWITCHED_OFF, True, True)]
    accounts = "select is_active, role_names from dim_users where username = ?"
    assert done.ask(accounts, deeds.SWITCHED_OFF) == [(False, "Viewer")]
