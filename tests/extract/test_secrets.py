"""What the catalogue excludes never leaves the database."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tap_airflow_metadata.catalogue import load_catalogue
from tap_airflow_metadata.grants import grants_sql
from tests.extract.tap_runs import run_tap, sync_here
from tests.real_airflow.postgres import execute

MARKER = "CANARY-7f3a"
CATALOGUE = load_catalogue()
VERSIONS = ["2.4.3", "2.11.0", "3.3.2", "3.4.0b2"]


def markers(wanted):
    """A marker for each column that `wanted` chooses, by table and column."""
    return {
        table.name: {
            c.name: f"{MARKER}-{table.name}-{c.name}" for c in table.columns.values() if wanted(c)
        }
        for table in CATALOGUE.values()
    }


@pytest.mark.parametrize("records", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
def test_no_secret_and_no_withheld_column_leaves(version, records, filled_database, tmp_path):
    url = filled_database(version, markers=markers(lambda column: column.access != "read"))
    run = run_tap(tmp_path, database_url=url, tables=[], records=records, pii="full")
    assert run.exit_code == 0, run.log
    written = run.everything_in(tmp_path)
    assert "conn_id" in written
    assert MARKER not in written


@pytest.mark.parametrize("version", VERSIONS)
def test_a_withheld_column_is_read_when_it_is_named(version, filled_database, tmp_path):
    url = filled_database(version, markers={"dag_run": {"conf": MARKER}})
    run = run_tap(tmp_path, database_url=url, tables=["dag_run"], include_columns=["dag_run.conf"])
    assert run.exit_code == 0, run.log
    assert all(row["conf"] for row in run.rows("dag_run"))
    assert "conf" not in run.manifest("dag_run")["withheld_columns"]
    if version.startswith("3."):
        assert MARKER in str(run.rows("dag_run")[0]["conf"])


@pytest.mark.parametrize(
    ("pii", "clear"),
    [
        ("usernames", {"username", "named_username", "mention"}),
        ("hashed", set()),
        ("full", {"username", "named_username", "identity", "mention"}),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_personal_data_leaves_only_as_the_setting_says(
    version, pii, clear, filled_database, tmp_path
):
    url = filled_database(version, markers=markers(lambda column: column.personal))
    run = run_tap(tmp_path, database_url=url, tables=[], pii=pii, pii_salt="a-long-salt")
    assert run.exit_code == 0, run.log
    written = run.everything_in(tmp_path)
    leaked = {
        column.personal
        for table in CATALOGUE.values()
        for column in table.columns.values()
        if column.personal and f"{MARKER}-{table.name}-{column.name}" in written
    }
    assert leaked == clear
    assert "a-long-salt" not in written


def test_a_hash_is_the_salted_sha_256_of_the_value(filled_database, tmp_path):
    url = filled_database("2.11.0", markers={"ab_user": {"username": "amelie"}}, rows=1)
    run = run_tap(
        tmp_path, database_url=url, tables=["ab_user"], pii="hashed", pii_salt="salt'1234"
    )
    expected = hashlib.sha256(b"salt'12341amelie").hexdigest()
    assert [row["username"] for row in run.rows("ab_user")] == [expected]


@pytest.mark.parametrize(
    ("pii", "read"),
    [
        ("usernames", "amelie"),
        ("hashed", hashlib.sha256(b"salt'1234amelie").hexdigest()),
        ("full", "amelie (Amélie Poulain (Paris))"),
    ],
)
def test_a_full_name_after_a_user_name_is_read_with_pii_full_only(
    pii, read, filled_database, tmp_path
):
    owner = "amelie (Amélie Poulain (Paris))"
    url = filled_database("2.6.3", rows=1)
    execute(url, f"update log set owner = '{owner}'")
    run = run_tap(tmp_path, database_url=url, tables=["log"], pii=pii, pii_salt="salt'1234")
    assert [row["owner"] for row in run.rows("log")] == [read]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_printed_grants_are_enough_for_every_table_and_for_nothing_else(
    version, filled_database, tmp_path
):
    url = filled_database(version)
    role = "airflow_audit"
    restricted = url.replace("postgres@", f"{role}@")
    grants = run_tap(tmp_path, database_url=restricted, tables=[], arguments=["--grants"]).output
    execute(url, "revoke all on schema public from public")
    execute(url, grants, grants)  # a second time changes nothing
    run = run_tap(tmp_path, database_url=restricted, tables=[])
    assert run.exit_code == 0, run.log
    assert run.manifest("connection")["sent_rows"] == 20
    queries = run_tap(tmp_path, database_url=restricted, tables=[], arguments=["--queries"])
    assert queries.exit_code == 0, queries.log
    with psycopg.connect(restricted) as connection:
        for statement in (
            "select password from connection",
            "select val from variable",
            "delete from dag_tag",
            "create table mine (i int)",
        ):
            with pytest.raises(
                (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
            ):
                connection.execute(statement)
            connection.rollback()
    execute(url, f"drop owned by {role}", f"drop role {role}")


@pytest.mark.parametrize("pii", ["usernames", "hashed", "full"])
def test_the_printed_grants_are_exactly_what_is_read(pii, filled_database, tmp_path):
    url = filled_database("2.11.0", rows=1)
    role = '"audit reader"'
    restricted = url.replace("postgres@", "audit%20reader:any@")
    settings = {"database_url": restricted, "tables": [], "pii": pii, "pii_salt": "a-long-salt"}
    execute(url, grants_sql(settings, CATALOGUE))
    run = sync_here(tmp_path, **settings)
    columns = execute(
        url,
        "select attrelid::regclass::text, attname,"
        " has_column_privilege('audit reader', attrelid, attnum, 'select')"
        " from pg_attribute inner join pg_class on pg_class.oid = attrelid"
        " where relnamespace = 'public'::regnamespace and relkind = 'r'"
        " and attnum > 0 and not attisdropped",
    ).fetchall()
    execute(url, f"drop owned by {role}", f"drop role {role}")
    withheld = {row["table_name"]: row["withheld_columns"] for row in run.rows("_sync_manifest")}
    read = {
        (table, column)
        for table, column, _ in columns
        if column not in withheld.get(table.strip('"'), [column])
    }
    assert {(table, column) for table, column, may in columns if may} == read
    personal = {("ab_user", "email"), ("log", "owner_display_name")}
    assert read & personal == (set() if pii == "usernames" else personal)


def test_the_printed_grants_never_make_airflows_own_login_read_only(filled_database):
    url = filled_database("2.11.0", rows=1)
    execute(url, "create role airflows_own login", "grant insert on dag_tag to airflows_own")
    own = url.replace("postgres@", "airflows_own@")
    for address in (url, own):
        with pytest.raises(psycopg.errors.RaiseException, match="and this would stop it") as error:
            execute(url, grants_sql({"database_url": address}, CATALOGUE))
        assert "TAP_AIRFLOW_METADATA_DATABASE_URL" in str(error.value.diag.message_hint)
    assert execute(own, "show default_transaction_read_only").fetchall() == [("off",)]
    execute(url, "drop owned by airflows_own", "drop role airflows_own")


def test_the_spool_folder_is_only_the_owners(filled_database, tmp_path):
    run = run_tap(tmp_path, database_url=filled_database("3.3.2"), tables=["dag"])
    path = Path(urlsplit(run.of("BATCH", "dag")[0]["manifest"][0]).path)
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("pii", ["usernames", "full"])
def test_a_name_that_is_shown_becomes_the_user_name(pii, filled_database, tmp_path):
    """Airflow 3.4 writes first and last name where the user name was; who has left has neither."""
    url = filled_database("3.4.0b2", rows=3)
    execute(
        url,
        "update ab_user set id = 7, username = 'jane' where id = 1",
        "update dag_run set triggering_user_name = case id when 1 then 'jane' else 'Jane Doe' end",
        "update backfill set triggering_user_name = 'Jane Doe'",
        """update hitl_detail set responded_by = '{"id": "7", "name": "Jane Doe"}'""",
    )
    run = run_tap(tmp_path, database_url=url, pii=pii)
    assert run.exit_code == 0, run.log
    found = {row["id"]: row["triggering_user_name"] for row in run.rows("dag_run")}
    assert found == {1: "jane", 2: None, 3: None}
    assert {row["triggering_user_name"] for row in run.rows("backfill")} == {None}
    assert [row["responded_by"] for row in run.rows("hitl_detail")] == [
        {"id": "7", "name": "jane"}
    ] * 3
    execute(url, "drop table ab_user")
    without_fab = run_tap(tmp_path, database_url=url, pii=pii, tables=["backfill"])
    assert {row["triggering_user_name"] for row in without_fab.rows("backfill")} == {"Jane Doe"}
