"""Log-ins, counted from one sync to the next, over both environments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from tests.transform.conftest import BOTH
from tests.transform.environments import THREE, TWO, at
from tests.transform.mart_rows import Rows
from tests.transform.raw_tables import SYNCED_AT, SourceChanges, insert
from tests.transform.running_dbt import DbtProject

SECOND, THIRD, FOURTH, FIFTH = (SYNCED_AT + timedelta(days=days) for days in range(1, 5))


class Accounts(SourceChanges):
    """The accounts of one environment, read whole by the sync of one moment."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection, slug: str, moment: datetime) -> None:
        super().__init__(warehouse, slug, moment)
        self.change("ab_user", "_sdc_deleted_at is null")
        told = {"sync_id": str(moment), "table_name": "ab_user", "is_full_read": True}
        insert(warehouse, slug, "_sync_manifest", [told | {"_sdc_extracted_at": moment}])

    def counted(self, username: str, **counters: Any) -> None:
        self.change("ab_user", f"username = '{username}'", **counters)


def _build(project: DbtProject) -> list[tuple[Any, ...]]:
    """Return what the mart says after a build."""
    selected = ("snap_airflow__user_logins", "dim_users", "fct_user_logins")
    limits = ("--exclude-resource-type", "unit_test", "--indirect-selection", "cautious")
    done = project.run("build", *limits, "--select", *selected, ENVIRONMENT_SLUGS=BOTH)
    assert done.exit_code == 0, done.output
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("set TimeZone = 'UTC'; use airflow_audit")
        return warehouse.execute(
            "select environment_slug, username, login_count, failed_login_count, counted_from_at,"
            " counted_until_at, last_login_at from fct_user_logins order by 1, 6, user_id"
        ).fetchall()


def test_nothing_is_counted_before_the_second_sync(rows_of: Rows) -> None:
    assert rows_of("from fct_user_logins") == []


@pytest.mark.parametrize("is_mirror", [False, True])
def test_what_was_counted_from_sync_to_sync(project: DbtProject, is_mirror: bool) -> None:
    seen = SYNCED_AT + timedelta(hours=8)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        two = Accounts(warehouse, TWO, SECOND)
        two.counted("jane", login_count=2, fail_login_count=0, last_login=seen)
        new = {"id": 3, "username": "ann", "active": True, "created_on": seen}
        two.add("ab_user", new | {"login_count": 1, "fail_login_count": 0, "last_login": seen})
        three = Accounts(warehouse, THREE, SECOND)
        three.counted("joe", login_count=0, fail_login_count=3)
    second = [
        (THREE, "joe", 0, 3, SYNCED_AT, SECOND, None),
        (TWO, "jane", 2, 0, SYNCED_AT, SECOND, seen),
        (TWO, "ann", 1, 0, SYNCED_AT, SECOND, seen),
    ]
    assert _build(project) == second

    # No build follows the third sync. The fourth does not find the new account again.
    again = THIRD + timedelta(hours=8)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        Accounts(warehouse, TWO, THIRD).counted("jane", login_count=3, last_login=at(1))
        two = Accounts(warehouse, TWO, FOURTH)
        two.counted("jane", login_count=6, fail_login_count=1, last_login=again)
        if is_mirror:
            two.lose("ab_user", "username = 'ann'")
        else:
            two.delete("ab_user", "username = 'ann'")
        three = Accounts(warehouse, THREE, FOURTH)
        three.counted("joe", login_count=1, fail_login_count=0, last_login=again)
    fourth = [
        second[0],
        (THREE, "joe", 1, 0, SECOND, FOURTH, again),
        second[1],
        (TWO, None if is_mirror else "ann", *second[2][2:]),
        (TWO, "jane", 4, 1, SECOND, FOURTH, again),
    ]
    assert _build(project) == fourth

    with duckdb.connect(str(project.warehouse)) as warehouse:
        for slug in (TWO, THREE):
            Accounts(warehouse, slug, FIFTH)
    assert _build(project) == fourth
