"""Marts of access and changes against the source, asked in another way."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from demo.environments import ENVIRONMENTS
from tests.demo.demo_runs import ANALYTICS, PRODUCTION
from tests.real_airflow.install import airflow_environ, has_python, install

NOTED = "has_note: true"
INSIDE_AIRFLOW = Path(__file__).with_name("permissions_inside_airflow.py")


@pytest.mark.live_airflow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.slug)
def test_permissions_are_those_that_airflow_itself_finds(environment, demo_urls, marts, tmp_path):
    version = environment.airflow_version
    if not has_python(version):
        pytest.skip(f"no Python for Airflow {version} on this machine")
    done = subprocess.run(
        [install(version) / "bin" / "python", INSIDE_AIRFLOW],
        env=airflow_environ(version, demo_urls[environment.slug], tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.split("permissions:")[1])
    # Airflow's own check looks at roles only that were given directly.
    rows = marts(
        "select username, action_name, resource_name from fct_user_permissions"
        " where environment_slug = ? and not is_through_group and not is_deleted_at_source",
        environment.slug,
    )
    resolved = {username: set() for username in found}
    for username, action, resource in rows:
        resolved[username].add((action, resource))
    assert resolved == {user: {tuple(pair) for pair in pairs} for user, pairs in found.items()}
    assert max(len(pairs) for pairs in found.values()) > 80


@pytest.mark.parametrize("slug", [PRODUCTION, ANALYTICS])
def test_permission_counts_are_those_of_the_source(slug, ask, marts):
    through_groups = """
        union
        select user_id, role_id from ab_user_group join ab_group_role using (group_id)
    """
    counted = ask(
        slug,
        f"""
        select username, count(distinct permission_view_id)
        from ab_user
        left join (
            select user_id, role_id from ab_user_role
            {through_groups if slug == ANALYTICS else ""}
        ) as granted on granted.user_id = ab_user.id
        left join ab_permission_view_role using (role_id)
        group by username
        """,
    )
    reviewed = marts(
        "select username, permission_count from rpt_access_review where environment_slug = ?", slug
    )
    assert sorted(reviewed) == sorted(counted)


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


def test_jonas_was_made_an_admin_on_the_command_line(marts):
    assert marts(
        "select actor_kind, actor_name, strftime(changed_at, '%Y-%m-%d %H:%M')"
        " from fct_config_changes where object_type = 'user' and object_name = 'jonas'"
        " and role_name = 'Admin'"
    ) == [("command_line", "root", "2026-10-30 22:47")]
    assert marts(
        "select is_privileged_directly, is_privileged_through_group from rpt_access_review"
        " where environment_slug = 'production' and username = 'jonas'"
    ) == [(True, False)]


def test_the_access_review_shows_whom_to_ask_about(ask, marts):
    ((failed_logins,),) = ask(
        PRODUCTION, "select fail_login_count from ab_user where username = 'ines'"
    )
    assert failed_logins == 14
    review = {
        (slug, name): flags
        for slug, name, *flags in marts(
            "select environment_slug, username, is_privileged_directly,"
            " is_privileged_through_group, has_never_logged_in, has_role, failed_login_count"
            " from rpt_access_review"
        )
    }
    assert review[PRODUCTION, "dana"] == [True, False, True, True, 0]
    assert review[ANALYTICS, "tomas"] == [False, True, False, True, 0]
    assert review[PRODUCTION, "guest"][3] is False
    assert review[PRODUCTION, "ines"][4] == failed_logins
    assert marts(
        "select is_active, strftime(last_login_at, '%Y-%m-%d'), role_names,"
        " strftime(last_activity_at, '%Y-%m-%d') from rpt_access_review"
        " where environment_slug = 'production' and username = 'otto'"
    ) == [(True, "2026-09-03", "Op", "2026-09-03")]


def test_the_last_sign_of_each_user_is_that_of_the_source(ask, marts):
    for slug in (PRODUCTION, ANALYTICS):
        of_the_source = ask(
            slug,
            "select username, greatest(last_login at time zone 'UTC', (select max(dttm) from log"
            " where owner = username and event !~ '^cli_')) from ab_user",
        )
        of_the_marts = marts(
            "select username, last_activity_at from dim_users where environment_slug = ?", slug
        )
        assert sorted(of_the_marts) == sorted(of_the_source)
    # An admin who never ran anything, yet changed a connection.
    assert marts(
        "select username, is_dormant, strftime(last_activity_at, '%Y-%m-%d') from dim_users"
        " where environment_slug = 'analytics' and username = 'tomas'"
    ) == [("tomas", False, "2026-10-28")]


@pytest.mark.parametrize("slug", [PRODUCTION, ANALYTICS])
def test_who_is_privileged_is_told_by_the_permissions_of_the_source(slug, ask, marts):
    through_groups = (
        "union select user_id, role_id from ab_user_group join ab_group_role using (group_id)"
        if slug == ANALYTICS
        else ""
    )
    powerful = f"""
        with powerful as (
            select distinct role_id from ab_permission_view_role
            join ab_permission_view on ab_permission_view.id = permission_view_id
            join ab_permission on ab_permission.id = permission_id
            join ab_view_menu on ab_view_menu.id = view_menu_id
            where ab_permission.name ~ '^can_(create|edit|delete)$'
                and ab_view_menu.name ~ '^(Users|Roles|Passwords|Connections|Variables)$'
        ),
        granted as (select user_id, role_id from ab_user_role {through_groups})
    """
    roles = ask(slug, f"{powerful} select name from ab_role where id in (table powerful)")
    assert ("Admin",) in roles
    assert ("Viewer",) not in roles
    assert sorted(roles) == marts(
        "select role_name from dim_roles where environment_slug = ? and is_privileged order by 1",
        slug,
    )
    users = ask(
        slug,
        f"{powerful} select username from ab_user where id in ("
        "select user_id from granted join powerful using (role_id))",
    )
    for mart in ("dim_users", "rpt_access_review"):
        assert sorted(users) == marts(
            f"select username from {mart} where environment_slug = ? and is_privileged order by 1",
            slug,
        )


@pytest.mark.parametrize("slug", [PRODUCTION, ANALYTICS])
def test_history_ends_with_what_who_can_log_in_may_do(slug, ask, marts):
    through_groups = ""
    if slug == ANALYTICS:
        through_groups = """
            union all select user_id, role_id
            from ab_user_group join ab_group_role using (group_id)
        """
    of_the_source = ask(
        slug,
        f"""
        select username, count(*)
        from ab_user
        join (select user_id, role_id from ab_user_role {through_groups}) as granted
            on user_id = ab_user.id
        join ab_permission_view_role using (role_id)
        where active
        group by 1 order by 1
        """,
    )
    assert of_the_source
    assert of_the_source == marts(
        "select username, count(*) from fct_user_permissions_history"
        " where environment_slug = ? and is_current group by 1 order by 1",
        slug,
    )
    assert "bilal" not in dict(of_the_source)


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
