"""Marts of access against the source, asked in another way."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from demo.environments import ENVIRONMENTS
from tests.demo.demo_runs import ANALYTICS, PRODUCTION
from tests.real_airflow.install import airflow_environ, has_python, install

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
