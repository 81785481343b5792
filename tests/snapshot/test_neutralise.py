"""One transaction: all of it or nothing, and only on a restored copy that nobody uses."""

from __future__ import annotations

import psycopg
import pytest

from airflow_snapshot.errors import RefusedError
from airflow_snapshot.neutralise import NeutraliseRequest, neutralise
from airflow_snapshot.overrides import ConnectionOverride, Overrides, VariableOverride
from tests.real_airflow import captured
from tests.real_airflow.postgres import execute
from tests.snapshot.airflow_copies import connected, content, make_copy, neutralised, rows

ORIGIN = "airflow_snapshot_origin"
OVERRIDES = Overrides(
    {"warehouse": ConnectionOverride("postgres", host="staging"), "gone": None},
    {"bucket": VariableOverride("staging")},
)


@pytest.fixture
def copy(postgres) -> str:
    return make_copy(postgres, "3.3.2")


@pytest.mark.parametrize("version", captured.versions())
def test_a_dry_run_changes_nothing_and_reports_the_same(postgres, version) -> None:
    url = make_copy(postgres, version)
    before = content(url)
    would = neutralised(url, dry_run=True, overrides=OVERRIDES)
    assert content(url) == before
    assert neutralised(url, overrides=OVERRIDES).changes == would.changes
    assert content(url) != before


@pytest.mark.parametrize("unfinished", ["failed", "cleared"])
@pytest.mark.parametrize("version", ["2.4.3", "2.11.0", "3.1.5", "3.3.2", "3.4.0b2"])
def test_a_second_run_changes_nothing_more(postgres, version, unfinished) -> None:
    url = make_copy(postgres, version)
    neutralised(url, unfinished=unfinished, overrides=OVERRIDES)
    first = content(url)
    report = neutralised(url, unfinished=unfinished)
    second = content(url)
    assert first.pop(ORIGIN) != second.pop(ORIGIN)
    assert second == first
    assert next(report.lines()) == "nothing to change"


def test_a_failure_at_the_end_changes_nothing(copy) -> None:
    execute(copy, f"alter table {ORIGIN} add check (neutralised_at is null)")
    before = content(copy)
    with pytest.raises(psycopg.errors.CheckViolation):
        neutralised(copy, overrides=OVERRIDES)
    assert content(copy) == before


def test_it_says_when_it_was_neutralised(copy) -> None:
    neutralised(copy)
    assert rows(copy, f"select now() - neutralised_at < interval '1 minute' from {ORIGIN}") == [
        (True,)
    ]


def test_another_schema(copy) -> None:
    execute(copy, "alter schema public rename to airflow", "create schema public")
    with connected(copy) as connection:
        report = neutralise(connection, "airflow", NeutraliseRequest(overrides=OVERRIDES))
    assert rows(copy, "select distinct is_paused from airflow.dag") == [(True,)]
    assert rows(copy, "select host from airflow.connection where conn_id = 'warehouse'") == [
        ("staging",)
    ]
    assert any(change.table == "dag" for change in report.changes)


def test_the_report_tells_what_where_and_how_many(copy) -> None:
    would = list(neutralised(copy, dry_run=True).lines())
    did = list(neutralised(copy).lines())
    assert "paused every DAG (dag: 1)" in did
    assert "would have paused every DAG (dag: 1)" in would
    assert would[-1] == "dry run: nothing was changed"
    assert [f"would have {line}" for line in did] == would[:-1]


class TestRefusals:
    def refuse(self, url: str, reason: str) -> None:
        before = content(url)
        with pytest.raises(RefusedError, match=reason):
            neutralised(url)
        assert content(url) == before

    def test_a_database_that_was_not_restored(self, copy) -> None:
        execute(copy, f"drop table {ORIGIN}")
        self.refuse(copy, "was not restored by airflow-snapshot restore")

    @pytest.mark.parametrize("statement", ["delete from", "insert into {0} table"])
    def test_a_table_of_origin_without_its_one_row(self, copy, statement) -> None:
        execute(copy, f"{statement.format(ORIGIN)} {ORIGIN}")
        self.refuse(copy, "was not restored by airflow-snapshot restore")

    def test_an_origin_in_another_schema(self, copy) -> None:
        execute(copy, "create schema elsewhere", f"alter table {ORIGIN} set schema elsewhere")
        self.refuse(copy, "was not restored by airflow-snapshot restore")

    def test_a_schema_without_airflow(self, copy) -> None:
        execute(copy, "create schema empty", f"alter table {ORIGIN} set schema empty")
        with connected(copy) as connection, pytest.raises(RefusedError, match="lacks tables"):
            neutralise(connection, "empty", NeutraliseRequest())

    @pytest.mark.parametrize("kind", ["SchedulerJob", "TriggererJob", "DagProcessorJob"])
    def test_a_living_airflow(self, copy, kind) -> None:
        execute(
            copy,
            f"update {ORIGIN} set neutralised_at = restored_at",
            "insert into job (id, job_type, hostname, state, latest_heartbeat)"
            f" values (9999, '{kind}', 'here', 'running', now() - interval '4 minutes')",
        )
        self.refuse(copy, f"a {kind} on here gave a sign of life")

    def test_a_living_airflow_whose_job_says_that_it_ended(self, copy) -> None:
        execute(
            copy,
            "insert into job (id, job_type, hostname, state, latest_heartbeat, end_date)"
            " values (9999, 'SchedulerJob', 'here', 'success', now(), now())",
        )
        self.refuse(copy, "gave a sign of life")

    def test_a_copy_that_an_airflow_has_been_started_on(self, copy) -> None:
        execute(
            copy,
            "insert into job (id, job_type, hostname, state, latest_heartbeat)"
            " values (9999, 'SchedulerJob', 'here', 'running', now() - interval '2 days')",
        )
        self.refuse(copy, "may be more than a copy")

    def test_signs_of_life_from_before_the_restore_are_the_old_environment(self, copy) -> None:
        execute(
            copy,
            "update job set latest_heartbeat = now() - interval '1 minute'",
            f"update {ORIGIN} set restored_at = now()",
        )
        neutralised(copy)

    def test_a_neutralised_copy_on_which_airflow_ran_for_a_while(self, copy) -> None:
        neutralised(copy)
        execute(
            copy,
            "insert into job (id, job_type, hostname, state, latest_heartbeat)"
            " values (9999, 'SchedulerJob', 'here', 'running', now() - interval '6 minutes')",
        )
        neutralised(copy)

    def test_others_who_are_connected(self, copy) -> None:
        with psycopg.connect(copy, application_name="a curious user", autocommit=True):
            self.refuse_beside(copy)

    def refuse_beside(self, url: str) -> None:
        with pytest.raises(RefusedError, match=r"postgres \(a curious user\)"):
            neutralised(url)
        assert rows(url, f"select neutralised_at from {ORIGIN}") == [(None,)]

    def test_an_airflow_that_starts_meanwhile_waits_until_it_is_done(self, copy) -> None:
        # Whoever starts inserts a job first, which that lock does not let them do.
        execute(
            copy,
            "create table held (mode text)",
            "create function note_locks() returns trigger language plpgsql as $$ begin"
            " insert into held select mode from pg_locks where relation = 'job'::regclass"
            " and pid = pg_backend_pid(); return new; end $$",
            f"create trigger at_the_end before update on {ORIGIN}"
            " for each row execute function note_locks()",
        )
        neutralised(copy)
        assert ("ShareRowExclusiveLock",) in rows(copy, "select mode from held")
