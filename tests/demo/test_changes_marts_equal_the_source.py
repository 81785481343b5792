"""Marts of changes against the source, asked in another way."""

from __future__ import annotations

import pytest

from tests.demo.demo_runs import ANALYTICS, PRODUCTION

NOTED = "has_note: true"


def test_who_changed_the_connection_warehouse(ask, marts):
    told = ask(
        ANALYTICS,
        "select id, owner, dttm from log where event like '%%connection%%'"
        " and extra::json ->> 'connection_id' = 'warehouse'",
    )
    assert len(told) == 1
    assert (
        marts(
            "select log_id, actor_name, changed_at from fct_config_changes"
            " where object_type = 'connection' and object_name = 'warehouse'"
        )
        == told
    )
    assert told[0][1] == "tomas"


@pytest.mark.parametrize(
    ("slug", "names"),
    [
        (
            PRODUCTION,
            "coalesce(extra::json ->> 'conn_id', extra::json ->> 'key', extra::json ->> 'pool')",
        ),
        (
            ANALYTICS,
            (
                "coalesce(extra::json ->> 'connection_id', extra::json ->> 'key',"
                " extra::json ->> 'variable_key', extra::json ->> 'name')"
            ),
        ),
    ],
)
def test_names_of_what_changed_are_those_of_the_source(slug, names, ask, marts):
    told = ask(
        slug,
        f"select id, {names} from log where event ~ '(connection|variable|pool)'"
        " and event !~ '^cli_'",
    )
    assert len(told) > 10
    assert sorted(
        marts(
            "select log_id, object_name from fct_config_changes"
            " where environment_slug = ? and actor_kind in ('human', 'service_account')",
            slug,
        ),
        key=repr,
    ) == sorted(told, key=repr)


def test_what_was_done_to_runs_is_that_of_the_source(ask, marts):
    asked = ask(
        ANALYTICS,
        "select id, owner, extra::json ->> 'state', extra::json ->> 'note' from log"
        " where event = 'patch_dag_run' order by id",
    )
    for mart in ("fct_audit_events", "fct_manual_interventions"):
        told = marts(
            "select log_id, actor_name, action, new_state, new_value"
            f" from {mart} where event_name = 'patch_dag_run' order by log_id"
        )
        assert told == [
            (log_id, owner, *(("mark", state, None) if state else ("annotate", None, NOTED)))
            for log_id, owner, state, note in asked
        ]
        assert [action for _, _, action, *_ in told].count("annotate") == 4
        notes = [note for *_, note in asked if note]
        assert notes
        assert all(note not in repr(told) for note in notes)


def test_verdicts_are_those_of_the_source(ask, marts):
    answered = ask(
        ANALYTICS,
        "select id, extra::json -> 'chosen_options' ->> 0 from log"
        " where event = 'update_hitl_detail' order by id",
    )
    actions = {"Approve": "approve", "Reject": "reject"}
    assert marts(
        "select log_id, action from fct_manual_interventions"
        " where event_name = 'update_hitl_detail' order by log_id"
    ) == [(log_id, actions.get(choice, "answer")) for log_id, choice in answered]
    assert [choice for _, choice in answered].count("Reject") == 2
    chosen = ask(
        ANALYTICS,
        """
        select case chosen_options ->> 0
            when 'Approve' then 'approved' when 'Reject' then 'rejected' end as verdict, count(*)
        from (
            select chosen_options, responded_at from hitl_detail
            union all select chosen_options, responded_at from hitl_detail_history
        ) as decisions
        where responded_at is not null
        group by 1 order by 1
        """,
    )
    assert marts(
        "select verdict, count(*) from fct_approvals where verdict is not null"
        " group by 1 order by 1"
    ) == list(chosen)
    assert dict(chosen)["rejected"] == 2


@pytest.mark.parametrize(
    ("slug", "events"),
    [(PRODUCTION, ["trigger", "api.post_dag_run"]), (ANALYTICS, ["trigger_dag_run"])],
)
def test_configurations_are_where_the_source_has_one(slug, events, ask, marts):
    given = ask(
        slug,
        "select id, coalesce(extra::json ->> 'conf', '') not in ('', '{}') from log"
        " where event = any(%s) order by id",
        events,
    )
    assert (
        marts(
            "select log_id, has_conf from fct_audit_events"
            " where environment_slug = ? and action = 'trigger' order by log_id",
            slug,
        )
        == given
    )
    assert len({has_conf for _, has_conf in given}) == 2


def test_pools_and_pauses_have_their_new_value(marts):
    assert marts(
        "select environment_slug, action, new_value, channel, count(*) from fct_audit_events"
        " where new_value like 'slots%' or new_value like 'is_paused%'"
        " group by all order by all nulls first"
    ) == [
        (ANALYTICS, "create", "slots: 2", None, 1),
        (ANALYTICS, "edit", "slots: 5", None, 1),
        (ANALYTICS, "pause", "is_paused: true", None, 2),
        (ANALYTICS, "unpause", "is_paused: false", None, 1),
        (PRODUCTION, "create", "slots: 8", "ui", 1),
        (PRODUCTION, "edit", "slots: 6", "ui", 1),
        (PRODUCTION, "pause", "is_paused: true", None, 1),
        (PRODUCTION, "pause", "is_paused: true", "ui", 3),
        (PRODUCTION, "unpause", "is_paused: false", "ui", 1),
    ]


@pytest.mark.parametrize("slug", [PRODUCTION, ANALYTICS])
def test_service_accounts_are_no_people(slug, ask, marts):
    done = ask(
        slug,
        "select owner, count(*) from log where owner ~ '^svc-' and map_index is null group by 1",
    )
    assert done
    assert sorted(
        marts(
            "select actor_name, count(*) from fct_audit_events"
            " where environment_slug = ? and actor_kind = 'service_account' and not is_human"
            " group by 1",
            slug,
        )
    ) == sorted(done)
    assert marts("select count(*) from fct_manual_interventions where actor_name like 'svc-%'") == [
        (0,)
    ]


def test_cleaning_up_is_nobodys_work_by_hand(ask, marts):
    cleaned = ask(PRODUCTION, "select owner, count(*) from log where event ~ 'cleanup' group by 1")
    assert cleaned == [("airflow", 184)]
    assert (
        marts(
            "select actor_name, count(*) from fct_audit_events"
            " where event_name = 'cli_cleanup_tables' and is_human is null group by 1"
        )
        == cleaned
    )


def test_marked_tasks_are_those_of_the_source(ask, marts):
    marked = ask(
        PRODUCTION,
        """
        select log.id, owner, log.dag_id, log.run_id, count(*)
        from log
        join task_instance on (task_instance.dag_id, task_instance.run_id, task_instance.task_id)
            = (log.dag_id, log.run_id, log.task_id)
        where event = 'success' and log.map_index is null
        group by log.id
        """,
    )
    assert [owner for _, owner, *_ in marked].count("marco") == 5
    assert sorted(
        marts(
            "select log_id, actor_name, dag_id, run_id, task_instance_count"
            " from fct_manual_interventions"
            " where action = 'mark' and object_type = 'task_instance'"
        )
    ) == sorted(marked)


def test_interventions_have_the_runs_of_the_source(ask, marts):
    assert marts(
        "select dag_id, run_count from fct_manual_interventions"
        " where object_type = 'backfill' order by run_count desc"
    ) == [
        *ask(
            ANALYTICS,
            "select dag_id, count(dag_run_id) from backfill join backfill_dag_run"
            " on backfill_id = backfill.id where dag_id = 'csat_daily' group by 1",
        ),
        *ask(
            PRODUCTION,
            "select dag_id, count(*) from dag_run where run_type = 'backfill' group by dag_id",
        ),
        ("retention_cohorts", 6),
        ("events_ingest", 1),
    ]


@pytest.mark.parametrize(
    ("slug", "events"),
    [(PRODUCTION, ["trigger", "api.post_dag_run"]), (ANALYTICS, ["trigger_dag_run"])],
)
def test_triggers_have_the_runs_that_they_made(slug, events, ask, marts):
    """Others have no event, for code of a DAG made them, or are a service account's."""
    made_at = "execution_date" if slug == PRODUCTION else "created_at"
    ((runs,),) = ask(
        slug,
        f"""
        select count(*) from dag_run
        where run_type = 'manual' and exists (
            select 1 from log
            where log.dag_id = dag_run.dag_id and event = any(%s)
                and owner !~ '^svc-'
                and abs(extract(epoch from dag_run.{made_at} - log.dttm)) < 10
        )
        """,
        events,
    )
    assert runs >= 30
    assert marts(
        "select sum(run_count) from fct_manual_interventions"
        " where environment_slug = ? and action = 'trigger'",
        slug,
    ) == [(runs,)]
