"""Of what people type into a running Airflow, nothing but names is found anywhere."""

from __future__ import annotations

from pathlib import Path

import duckdb
import psycopg
import pytest

from tests.extract.tap_runs import run_tap
from tests.pipeline.live.conftest import TAKES_LONG
from tests.pipeline.live.story import Story
from tests.pipeline.meltano_runs import ROOT
from tests.real_airflow import typed
from tests.real_airflow.postgres import ThrowawayPostgres
from tests.snapshot.conftest import Snapshots

pytestmark = TAKES_LONG

# Of a connection: the name of a database, of a schema or of a protocol.
NAMES = typed.NAMES | {"schema"}
# Of the DAG file, beside names.
READ_OF_DAGS = {("ask", "subject"), ("dag", "description"), ("dag", "owner"), ("dag", "tag")}
# A snapshot without secrets is of use with its DAGs and users, and its rows need their keys.
IN_DAG_FILES = {"ask", "asset", "dag", "task"}
IN_SNAPSHOTS = {"email", "first_name", "last_name", "xcom_key"}
NEEDED = {
    ("asset", "name"),
    ("rest_connection", "conn_id"),
    ("rest_pool", "pool"),
    ("rest_roles", "role"),
    ("rest_trigger", "run_id"),
    ("rest_users", "username"),
    ("rest_variable", "key"),
    ("form_roles", "role"),
    ("form_users", "username"),
    # Of commands, which have changed nothing.
    ("connections_add", "conn_id"),
    ("dag_trigger", "run_id"),
    ("users_manage_role", "role"),
    ("variables_set", "key"),
}
# In the audit log itself, of both versions.
NOTED = NEEDED - {
    *(("asset", "name"), ("form_roles", "role"), ("form_users", "username")),
    *(("rest_roles", "role"), ("rest_users", "username")),
} | {
    ("rest_asset_event", "value"),
    ("rest_patch_connection", "host_password"),
    ("rest_post_connection", "login"),
    ("rest_post_pool", "description"),
    ("rest_run", "note"),
    ("rest_trigger", "value"),
    ("variables_set", "value"),
}


def _unexpected(text: str) -> set[tuple[str, str]]:
    found = typed.markers(text)
    return {marker for marker in found - READ_OF_DAGS if marker[1] not in NAMES}


def _of_warehouse(told: Story) -> dict[str, str]:
    """The rows with a marker of every table and view, history included, as one text each."""
    relations = """
        select schema_name, table_name from duckdb_tables()
        union all
        select schema_name, view_name from duckdb_views() where not internal
    """
    texts = {}
    with duckdb.connect(str(told.warehouse), read_only=True) as connection:
        for schema, name in connection.execute(relations).fetchall():
            query = f'select row::text from "{schema}"."{name}" as row where row::text ilike ?'
            rows = connection.execute(query, ["%canary-%"]).fetchall()
            texts[f"{schema}.{name}"] = "\n".join(text for (text,) in rows)
    return texts


def _of_database(url: str) -> dict[str, str]:
    """Every row of every table."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'")
        return {
            name: "\n".join(
                text for (text,) in connection.execute(f'select t::text from "{name}" as t')
            )
            for (name,) in tables.fetchall()
        }


def test_the_audit_log_holds_what_was_typed(told: Story) -> None:
    # Airflow 3.4 masks passwords in its commands by itself.
    password = {("connections_add", "uri_password")} if told.version.startswith("2.") else set()
    assert typed.markers(_of_database(told.pipe.database_url)["log"]) >= NOTED | password


def test_only_names_are_in_the_warehouse(told: Story) -> None:
    texts = _of_warehouse(told)
    assert typed.markers("".join(texts.values())) >= NEEDED
    unexpected = {name: _unexpected(text) for name, text in texts.items()}
    assert {name: found for name, found in unexpected.items() if found} == {}


def test_only_names_are_in_messages_and_files(told: Story, tmp_path: Path) -> None:
    run = run_tap(tmp_path, database_url=told.pipe.database_url)
    assert run.exit_code == 0, run.log
    written = run.everything_in(tmp_path)
    assert typed.markers(written) >= NEEDED
    assert _unexpected(written) == set()


def test_nothing_is_in_logs_and_state(told: Story) -> None:
    state = (told.pipe.folder / "meltano.db").read_bytes().decode(errors="replace")
    assert "bookmarks" in state
    assert "read" in told.printed
    files = [file for file in (ROOT / ".meltano" / "run").glob("**/*") if file.is_file()]
    kept = [file.read_bytes().decode(errors="replace") for file in files]
    assert [_unexpected(text) for text in (state, told.printed, *kept) if _unexpected(text)] == []


def test_only_names_are_in_the_report(told: Story, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    exit_code, output = told.pipe.meltano("invoke", "audit-report", "--output", str(page))
    assert exit_code == 0, output
    assert _unexpected(page.read_text(encoding="utf-8") + output) == set()


@pytest.mark.timeout(300)
def test_only_names_are_in_a_snapshot_without_secrets(
    told: Story, tmp_path: Path, postgres: ThrowawayPostgres
) -> None:
    snapshots = Snapshots(str(tmp_path / "snapshots"), {})
    name = snapshots.take(told.pipe.database_url, "--exclude-secrets")
    restored = f"restored_{told.version}"
    postgres.create_database(restored)
    snapshots.run("restore", name, "--into", postgres.url(restored))
    texts = _of_database(postgres.url(restored))
    texts["manifest"] = (tmp_path / "snapshots" / f"{name}.json").read_text(encoding="utf-8")
    unexpected = {
        table: {
            (where, field)
            for where, field in _unexpected(text)
            if where not in IN_DAG_FILES and field not in IN_SNAPSHOTS
        }
        for table, text in texts.items()
    }
    assert {table: found for table, found in unexpected.items() if found} == {}
    assert [table for table, text in texts.items() if b"CANARY".hex() in text] == []
