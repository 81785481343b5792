"""What people type into Airflow's commands: names are read, anything else stays in the database."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.extract.tap_runs import run_tap
from tests.real_airflow import captured, typed
from tests.real_airflow.install import RECIPES

# What the marts tell of a command, of those that every version has.
NEEDED = {
    ("connections_add", "conn_id"),
    ("connections_delete", "conn_id"),
    ("dag_trigger", "dag_id"),
    ("dag_trigger", "run_id"),
    ("pool_delete", "pool"),
    ("pool_set", "pool"),
    ("roles_create", "role"),
    ("users_create", "role"),
    ("users_create", "username"),
    ("users_delete", "username"),
    ("users_manage_role", "role"),
    ("users_manage_role", "username"),
    ("variables_delete", "key"),
    ("variables_set", "key"),
}
# Typed as passwords, and noted in clear before 3.4 in one way of writing or another.
PASSWORDS = {
    ("connections_add", "conn_password"),
    ("connections_add", "json"),
    ("connections_add", "uri_password"),
    ("users_create", "password"),
}
# Typed as free text, and noted in clear by every version.
SECRETS = {
    ("connections_add", "conn_description"),
    ("connections_add", "conn_extra"),
    ("connections_add", "conn_login"),
    ("dag_trigger", "conf"),
    ("pool_set", "description"),
    ("users_create", "email"),
    ("users_create", "firstname"),
    ("users_create", "lastname"),
    ("users_manage_role", "email"),
    ("variables_set", "value"),
}


@pytest.fixture(params=[(version, False) for version in RECIPES] + [("3.3.2", True)], ids=str)
def written(request, postgres, tmp_path: Path) -> str:
    """All that a sync with the default settings writes of the commands that a version notes."""
    version, records = request.param
    url = postgres.create_database(f"typed_{version}_{records}")
    captured.recreate(captured.load(version), url)
    insert = (
        "insert into log (id, dttm, event, owner, dag_id, task_id, extra) values"
        " (%(id)s, now(), %(event)s, %(owner)s, %(dag_id)s, %(task_id)s, %(extra)s)"
    )
    rows = [row | {"id": number} for number, row in enumerate(typed.load(version))]
    noted = typed.markers(str(rows))
    assert noted >= NEEDED | SECRETS
    assert noted >= PASSWORDS or version == "3.4.0b2"
    with psycopg.connect(url) as connection:
        connection.cursor().executemany(insert, rows)
    run = run_tap(tmp_path, database_url=url, records=records)
    assert run.exit_code == 0, run.log
    assert run.manifest("log")["sent_rows"] == len(rows)
    return run.everything_in(tmp_path)


def test_of_what_is_typed_into_a_command_only_names_leave(written: str) -> None:
    found = typed.markers(written)
    assert {marker for marker in found if marker[1] not in typed.NAMES} == set()
    assert found >= NEEDED
