"""Numbers of the report are what queries straight against the metadata databases find."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from statistics import median

import pytest

from demo.present import NOW
from tests.demo.demo_runs import ANALYTICS, PRODUCTION
from tests.demo.report_figures import BEFORE, FIRST_DAY, SINCE, TODAY, ReportFigures
from tests.demo.runs_at_source import RUNS
from tests.demo.tries_at_source import TRIES

BOTH = (PRODUCTION, ANALYTICS)

Ask = Callable[..., list[tuple]]


def of_both(ask: Ask, text: str, *values: object) -> list[tuple]:
    return [row for slug in BOTH for row in ask(slug, text, *values)]


def test_runs_and_failures_of_both_periods(figures: ReportFigures, ask: Ask) -> None:
    numbers = figures.numbers("key_numbers")
    counted = of_both(
        ask,
        f"""
        select start_date >= %s, count(*), count(*) filter (where state = 'failed'),
            count(*) filter (where state = 'success')
        from {RUNS} where start_date >= %s and start_date < %s group by 1
        """,
        *(SINCE, BEFORE, NOW),
    )
    now, before = (
        [sum(column) for column in zip(*rows, strict=True)]
        for rows in (
            [row[1:] for row in counted if row[0]],
            [row[1:] for row in counted if not row[0]],
        )
    )
    assert now[1] > 20
    assert numbers["runs"] == (now[0], before[0])
    assert numbers["failed_runs"] == (now[1], before[1])
    assert numbers["success_share"] == pytest.approx(
        [success / (success + failed) for _, failed, success in (now, before)]
    )


def test_runs_of_each_environment(figures: ReportFigures, ask: Ask) -> None:
    rows = {row.pop("environment_slug"): row for row in figures.ask()["runs_by_environment"]}
    assert set(rows) == set(BOTH)
    for slug, row in rows.items():
        for which, since, until in (("", SINCE, NOW), ("previous_", BEFORE, SINCE)):
            ((runs, failed, share),) = ask(
                slug,
                f"""
                select count(*), count(*) filter (where state = 'failed'),
                    avg(case state when 'success' then 1.0 when 'failed' then 0.0 end)
                from {RUNS} where start_date >= %s and start_date < %s
                """,
                *(since, until),
            )
            assert (row[f"{which}run_count"], row[f"{which}failed_run_count"]) == (runs, failed)
            assert row[f"{which}success_share"] == pytest.approx(float(share))


def test_hours_lost_and_taken(figures: ReportFigures, ask: Ask) -> None:
    answers = figures.ask()

    def hours(since: datetime, until: datetime) -> list[float]:
        found = of_both(
            ask,
            f"""
            select sum(held) filter (where state in ('failed', 'up_for_retry')) / 3600,
                sum(coalesce(pool_slots, 1) * held) / 3600
            from {TRIES} where start_date >= %s and start_date < %s
            """,
            *(since, until),
        )
        return [sum(column) for column in zip(*found, strict=True)]

    lost, taken = hours(SINCE, NOW)
    assert lost > 20
    numbers = figures.numbers("key_numbers")
    assert numbers["wasted_hours"][0] == pytest.approx(lost)
    assert numbers["slot_hours"][0] == pytest.approx(taken)
    assert sum(row["wasted_hours"] for row in answers["lost_time"]) == pytest.approx(lost)
    by_day = sum(row["wasted_hours"] for row in answers["lost_time_by_day"])
    assert by_day == pytest.approx(hours(FIRST_DAY, TODAY)[0])


def test_failed_runs_of_one_team(figures: ReportFigures, ask: Ask) -> None:
    counted = of_both(
        ask,
        f"""
        select count(*), count(*) filter (where state = 'failed' and start_date >= %s),
            count(*) filter (where state = 'failed' and start_date < %s)
        from {RUNS} join dag using (dag_id)
        where owners = 'data-science' and start_date >= %s and start_date < %s
        """,
        *(SINCE, SINCE, BEFORE, NOW),
    )
    _, failed, failed_before = (sum(column) for column in zip(*counted, strict=True))
    assert failed > failed_before > 0
    (row,) = (r for r in figures.ask()["failures_by_team"] if r["team_name"] == "data-science")
    assert (row["failed_run_count"], row["previous_failed_run_count"]) == (failed, failed_before)


def test_median_of_the_landing_delays(figures: ReportFigures, ask: Ask) -> None:
    delays = [
        float(delay)
        for slug, due_at in ((PRODUCTION, "data_interval_end"), (ANALYTICS, "run_after"))
        for (delay,) in ask(
            slug,
            f"""
            select extract(epoch from end_date - {due_at}) from {RUNS}
            where run_type = 'scheduled' and state = 'success'
                and start_date >= %s and start_date < %s and end_date >= {due_at}
            """,
            *(SINCE, NOW),
        )
    ]
    numbers = figures.numbers("key_numbers")
    assert numbers["median_landing_delay_seconds"][0] == pytest.approx(median(delays))
    assert len(delays) > 3000
    rows = figures.ask()["landing_by_day"]
    assert 0.9 * len(delays) < sum(row["run_count"] for row in rows) < len(delays)


def test_tries_of_one_hour_of_the_week(figures: ReportFigures, ask: Ask) -> None:
    counted = of_both(
        ask,
        f"""
        select count(*) from {TRIES}
        where start_date >= %s and start_date < %s
            and extract(isodow from start_date) = 3 and extract(hour from start_date) = 2
        """,
        *(SINCE, NOW),
    )
    (row,) = (
        row
        for row in figures.ask()["queue_delay_by_hour"]
        if (row["weekday_number"], row["hour_of_day"]) == (3, 2)
    )
    assert row["attempt_count"] == sum(count for (count,) in counted) > 100
    assert 0 < row["queue_delay_p50_seconds"] < row["queue_delay_p95_seconds"]


@pytest.mark.parametrize("person", ["marco", "sofia"])
def test_interventions_of_one_person(person: str, figures: ReportFigures, ask: Ask) -> None:
    """All that their log says of DAGs is such: looking at pages leaves no trace in this one."""
    ((count, dags, last_at),) = ask(
        PRODUCTION,
        "select count(*), count(distinct dag_id), max(dttm) from log"
        " where owner = %s and dag_id is not null and dttm >= %s and dttm < %s",
        *(person, SINCE, NOW),
    )
    answers = figures.ask()
    (row,) = (
        row
        for row in answers["interventions_by_person"]
        if (row["environment_slug"], row["actor_name"]) == (PRODUCTION, person)
    )
    assert (row["intervention_count"], row["dag_count"], row["last_at"]) == (count, dags, last_at)
    assert count > 5
    listed = [
        row
        for row in answers["interventions"]
        if (row["environment_slug"], row["actor_name"]) == (PRODUCTION, person)
    ]
    assert len(listed) == count
    assert row["actions"] == ", ".join(sorted({row["action"] for row in listed}))
    assert row["destructive_count"] == sum(row["is_destructive"] for row in listed) < count


def test_every_intervention_is_counted_once(figures: ReportFigures) -> None:
    answers = figures.ask()
    total, _ = figures.numbers("key_numbers")["interventions"]
    assert total == len(answers["interventions"])
    by_person = answers["interventions_by_person"]
    assert sum(row["intervention_count"] for row in by_person) == total
    by_day = sum(row["intervention_count"] for row in answers["interventions_by_day"])
    assert by_day == sum(FIRST_DAY <= row["logged_at"] < TODAY for row in answers["interventions"])


def test_accounts(figures: ReportFigures, ask: Ask) -> None:
    through_groups = """
        union select user_id, role_id from ab_user_group join ab_group_role using (group_id)
    """
    counted = [
        row
        for slug, groups in ((PRODUCTION, ""), (ANALYTICS, through_groups))
        for row in ask(
            slug,
            f"""
            with granted as (select user_id, role_id from ab_user_role {groups}),
            privileged as (
                select user_id from granted
                join ab_permission_view_role using (role_id)
                join ab_permission_view on ab_permission_view.id = permission_view_id
                join ab_permission on ab_permission.id = permission_id
                join ab_view_menu on ab_view_menu.id = view_menu_id
                where ab_permission.name ~ '^can_(create|edit|delete)$'
                    and ab_view_menu.name ~ '^(Users|Roles|Passwords|Connections|Variables)$'
            ),
            seen as (
                select id, greatest(
                    coalesce(last_login, created_on),
                    (
                        select max(dttm) at time zone 'UTC' from log
                        where owner = username and event !~ '^cli_'
                    )
                ) as seen_at
                from ab_user
            )
            select count(*), count(*) filter (where id in (select user_id from privileged)),
                count(*) filter (
                    where seen_at < %s::timestamp - interval '90 days'
                ),
                count(*) filter (where last_login is null),
                count(*) filter (where id not in (select user_id from granted))
            from ab_user join seen using (id) where active
            """,
            NOW.replace(tzinfo=None),
        )
    ]
    users, privileged, dormant, never, without_role = (
        sum(column) for column in zip(*counted, strict=True)
    )
    # He left; yara has not yet.
    otto = sum(len(ask(slug, "select 1 from ab_user where username = 'otto'")) for slug in BOTH)
    assert min(privileged, dormant, never, without_role, otto) > 0
    assert figures.numbers("access_numbers") == {
        "active_users": (users, None),
        "privileged_users": (privileged, None),
        "dormant_users": (dormant, None),
        "never_logged_in": (never, None),
        "active_leavers": (otto, None),
        "users_without_role": (without_role, None),
    }
    review = figures.ask()["access_review"]
    assert sum("privileged" in row["reasons"] for row in review) == privileged
    assert sum("dormant" in row["reasons"] for row in review) == dormant
    assert {row["reasons"] for row in review if row["username"] == "dana"} == {
        "privileged, dormant, never logged in",
        "privileged",
    }


def test_who_may_change_connections(figures: ReportFigures, ask: Ask) -> None:
    powers = sorted(
        (row["username"], row["role_name"], row["action_names"])
        for row in figures.ask()["powers"]
        if (row["environment_slug"], row["resource_name"]) == (PRODUCTION, "Connections")
    )
    assert len(powers) > 5
    assert powers == sorted(
        ask(
            PRODUCTION,
            """
            select username, ab_role.name, string_agg(
                replace(ab_permission.name, 'can_', ''), ', ' order by ab_permission.name
            )
            from ab_user
            join ab_user_role on ab_user_role.user_id = ab_user.id
            join ab_role on ab_role.id = ab_user_role.role_id
            join ab_permission_view_role on ab_permission_view_role.role_id = ab_role.id
            join ab_permission_view on ab_permission_view.id = permission_view_id
            join ab_permission on ab_permission.id = permission_id
            join ab_view_menu on ab_view_menu.id = view_menu_id
            where active and ab_view_menu.name = 'Connections'
                and ab_permission.name in ('can_create', 'can_edit', 'can_delete')
            group by 1, 2
            """,
        )
    )


def test_updates_of_assets(figures: ReportFigures, ask: Ask) -> None:
    for slug, kind in ((PRODUCTION, "dataset"), (ANALYTICS, "asset")):
        rows = {
            row["asset_uri"]: row["event_count"]
            for row in figures.ask()["assets"]
            if row["environment_slug"] == slug and row["event_count"]
        }
        assert len(rows) >= 4
        assert rows == dict(
            ask(
                slug,
                f"""
                select uri, count(*) from {kind}_event join {kind} on {kind}.id = {kind}_id
                where timestamp >= %s and timestamp < %s group by uri
                """,
                *(SINCE, NOW),
            )
        )


def test_files_that_broke(figures: ReportFigures, ask: Ask) -> None:
    broken = of_both(
        ask,
        "select filename, timestamp from import_error where timestamp >= %s and timestamp < %s",
        *(SINCE, NOW),
    )
    rows = figures.ask()["new_import_errors"]
    assert sorted((row["file_path"], row["first_seen_at"]) for row in rows) == sorted(broken)
    assert figures.numbers("key_numbers")["new_import_errors"] == (len(broken), 0)
    assert len(broken) == 3


def test_dags_there_are(figures: ReportFigures, ask: Ask) -> None:
    counted = [
        row
        for slug, is_active in ((PRODUCTION, "is_active"), (ANALYTICS, "not is_stale"))
        for row in ask(
            slug,
            f"""
            select count(*), count(*) filter (where {is_active}),
                count(*) filter (where {is_active} and is_paused),
                count(*) filter (where {is_active} and owners = 'airflow')
            from dag
            """,
        )
    ]
    dags, active, paused, ownerless = (sum(column) for column in zip(*counted, strict=True))
    numbers = {name: now for name, (now, _) in figures.numbers("inventory_numbers").items()}
    assert dags > active > paused > ownerless > 0
    assert (numbers["dags"], numbers["running_dags"]) == (dags, active - paused)
    assert (numbers["paused_dags"], numbers["ownerless_dags"]) == (paused, ownerless)
    rows = figures.ask()["dags_to_look_at"]
    assert sum("paused" in row["reasons"] for row in rows) == paused
    assert sum("no owner" in row["reasons"] for row in rows) == ownerless
    assert sum("unused" in row["reasons"] for row in rows) == numbers["unused_dags"]


def test_the_copy_is_that_of_the_last_sync(figures: ReportFigures) -> None:
    answers = figures.ask()
    assert answers["unreconciled_tables"] == []
    versions, synced = (
        {row["environment_slug"]: row["airflow_schema_version"] for row in answers[figure]}
        for figure in ("environments", "syncs")
    )
    assert versions == synced
    for row in answers["syncs"]:
        assert row["synced_at"] == NOW
        assert row["source_rows"] == row["warehouse_rows"] > 40_000
        assert row["unreconciled_table_count"] == 0
    assert {row["environment_slug"] for row in answers["syncs"]} == set(BOTH)
