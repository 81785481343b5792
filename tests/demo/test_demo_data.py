"""The bundled databases are what demo/README.md says they are."""

from __future__ import annotations

import re

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from psycopg import sql

from airflow_snapshot.database import parse_address
from airflow_snapshot.progress import Progress
from airflow_snapshot.store import Store
from airflow_snapshot.verify import differences
from demo.company import load
from demo.environments import ENVIRONMENTS, METADATA
from demo.present import EARLIER, NOW, SINCE
from tap_airflow_metadata.catalogue import load_catalogue
from tests.extract.tap_runs import run_tap
from tests.real_airflow import captured

SLUGS = [environment.slug for environment in ENVIRONMENTS]
MEBIBYTE = 2**20
ROWS = {
    "production": {
        "task_instance": (25_000, 40_000),
        "dag_run": (7_000, 12_000),
        "log": (10_000, 30_000),
        "job": (5_000, 10_000),
        "dag": (36, 45),
        "ab_user": (15, 25),
    },
    "analytics": {
        "task_instance": (15_000, 25_000),
        "dag_run": (5_000, 9_000),
        "log": (7_000, 20_000),
        "dag": (24, 35),
        "dag_version": (28, 40),
        "ab_user": (12, 20),
    },
}
# Columns that are never read, or only when a user names them, and that hold a canary at least.
CANARIES = {
    "production": """
        ab_register_user.password ab_register_user.registration_hash ab_user.password
        callback_request.callback_data connection.extra connection.password dag_code.source_code
        dag_run.conf dataset.extra rendered_task_instance_fields.rendered_fields
        serialized_dag.data session.data session.session_id task_instance.executor_config
        task_instance.next_kwargs task_instance_history.executor_config trigger.kwargs variable.val
        xcom.value
    """,
    "analytics": """
        ab_register_user.password ab_register_user.registration_hash ab_user.password asset.extra
        asset_event.extra asset_state_store.value backfill.dag_run_conf callback.data
        connection.extra connection.password connection_test_request.extra
        connection_test_request.login connection_test_request.password
        connection_test_request.token dag.deadline dag_bundle.signed_url_template
        dag_bundle.template_params dag_code.source_code dag_run.conf deadline_alert.callback_def
        hitl_detail.body hitl_detail.params hitl_detail.params_input hitl_detail_history.body
        hitl_detail_history.params hitl_detail_history.params_input
        rendered_task_instance_fields.rendered_fields revoked_token.jti serialized_dag.data
        session.data session.session_id task_instance.executor_config task_instance.next_kwargs
        task_instance_history.executor_config task_state_store.value variable.val xcom.value
    """,
}


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=SLUGS)
def test_files_are_small(environment):
    files = list(METADATA.glob(f"{environment.snapshot_name}.*"))
    assert len(files) == 2
    assert sum(file.stat().st_size for file in files) < 3.5 * MEBIBYTE


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=SLUGS)
def test_the_manifest_says_what_is_there(environment, demo_urls):
    manifest = Store(str(METADATA)).manifest(environment.snapshot_name)
    assert (manifest.environment_slug, manifest.taken_at) == (environment.slug, NOW)
    assert any(one.startswith("SchedulerJob@") for one in manifest.running.components)
    restored = parse_address(demo_urls[environment.slug], "url")
    assert differences(manifest, restored, Progress("Comparing")) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=SLUGS)
def test_tables_are_those_of_the_claimed_airflow(environment, ask):
    schema = captured.load(environment.airflow_version)
    columns = ask(
        environment.slug,
        "select table_name, array_agg(column_name::text) from information_schema.columns"
        " where table_schema = 'public' and table_name !~ '^_' group by table_name",
    )
    assert {table: set(names) for table, names in columns} == {
        name: set(table.columns) for name, table in schema.tables.items()
    }
    for table, revision in schema.revisions.items():
        assert ask(environment.slug, f"select version_num from {table}") == [(revision,)]


@pytest.mark.parametrize("slug", SLUGS)
def test_number_of_rows(slug, ask):
    for table, (least, most) in ROWS[slug].items():
        ((count,),) = ask(slug, f"select count(*) from {table}")
        assert least <= count <= most, table


@pytest.mark.parametrize("slug", SLUGS)
def test_every_reference_holds(slug, ask):
    # pg_restore checks a foreign key when it adds it, after the rows.
    unchecked = ask(
        slug,
        "select count(*), count(*) filter (where not convalidated) from pg_constraint"
        " where contype = 'f'",
    )
    assert unchecked[0][0] > 40
    assert unchecked[0][1] == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_numbers_go_on_after_the_highest(slug, demo_urls):
    with psycopg.connect(demo_urls[slug]) as connection:
        for table in ("dag_run", "log", "job", "ab_user"):
            statement = sql.SQL("select nextval({}), (select max(id) from {})").format(
                f"{table}_id_seq", sql.Identifier(table)
            )
            following, highest = connection.execute(statement).fetchone()
            assert following == highest + 1, table


@pytest.mark.parametrize("slug", SLUGS)
def test_nothing_happens_after_the_present(slug, ask):
    for table, column in (
        ("dag_run", "updated_at"),
        ("task_instance", "updated_at"),
        ("log", "dttm"),
        ("job", "latest_heartbeat"),
        ("dag", "last_parsed_time"),
        ("ab_user", "last_login"),
        ("import_error", "timestamp"),
    ):
        ((latest,),) = ask(slug, f"select max({column}) from {table}")
        assert latest.replace(tzinfo=NOW.tzinfo) <= NOW, (table, column)
    ((first, last),) = ask(
        slug, "select min(queued_at), max(queued_at) from dag_run where queued_at >= %s", SINCE
    )
    assert (last - first).days >= 89


@pytest.mark.parametrize("slug", SLUGS)
def test_times_are_in_order(slug, ask):
    assert (
        ask(
            slug,
            """
        select dag_id, run_id, task_id from task_instance
        where end_date < start_date or (queued_dttm > start_date and next_method is null
            and operator not in ('BashOperator', 'ApprovalOperator'))
        """,
        )
        == []
    )
    assert (
        ask(
            slug,
            """
        select task_instance.dag_id, run_id from task_instance join dag_run using (dag_id, run_id)
        where task_instance.end_date > dag_run.end_date
            or (dag_run.state in ('success', 'failed') and task_instance.state is null)
        """,
        )
        == []
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_every_unfinished_state_is_there(slug, ask):
    states = {state for (state,) in ask(slug, "select distinct state from task_instance")}
    wanted = {"running", "success", "failed", "skipped", "upstream_failed", None}
    wanted |= {
        "production": {"queued", "scheduled", "deferred"},
        "analytics": {"awaiting_input", "up_for_reschedule"},
    }[slug]
    assert states >= wanted


@pytest.mark.parametrize("slug", SLUGS)
def test_excluded_columns_hold_canaries(slug, ask):
    catalogue = load_catalogue()
    columns = ask(
        slug,
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = 'public' and table_name !~ '^_'",
    )
    with_canary = set()
    for table, column, kind in columns:
        text = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
        ((values, canaries),) = ask(
            slug,
            f"select count({text}), count(*) filter (where {text} like '%%CANARY-%%')"
            f' from "{table}"',
        )
        name = f"{table}.{column}"
        access = catalogue[table].columns[column].access
        assert canaries or not values or access != "secret", f"{name} has no canary"
        assert not canaries or access != "read", f"{name} is read and has a canary"
        if canaries:
            with_canary.add(name)
    assert with_canary == set(CANARIES[slug].split())


@pytest.mark.parametrize("slug", SLUGS)
def test_no_canary_leaves_the_database(slug, demo_urls, tmp_path):
    run = run_tap(tmp_path, database_url=demo_urls[slug], tables=[])
    assert run.exit_code == 0, run.log
    assert "CANARY" not in run.output + run.log
    files = list(tmp_path.rglob("*.parquet"))
    assert len(files) > 30
    for file in files:
        table = pq.read_table(file)
        for name in table.column_names:
            if pa.types.is_string(table[name].type) or pa.types.is_large_string(table[name].type):
                found = pc.any(pc.match_substring(table[name], "CANARY")).as_py()
                assert not found, (file.name, name)
            else:
                assert not pa.types.is_binary(table[name].type), (file.name, name)


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=SLUGS)
def test_company_is_whole(environment, ask):
    company = load(environment)
    assert {dag_id for (dag_id,) in ask(environment.slug, "select dag_id from dag")} == set(
        company.dags
    )
    assert {name for (name,) in ask(environment.slug, "select username from ab_user")} == set(
        company.people["users"]
    )


def test_no_path_of_the_building_machine_is_left(ask):
    for slug in SLUGS:
        tables = ask(
            slug,
            "select table_schema::text, table_name::text from information_schema.tables"
            " where table_schema in ('public', 'earlier')",
        )
        assert len({schema for schema, _ in tables}) == 2
        for schema, table in tables:
            query = f'select count(*) from {schema}."{table}" as it'
            assert ask(slug, f"{query} where it::text like '%%/tmp/%%'") == [(0,)], (slug, table)
        for (stacktrace,) in ask(slug, "select stacktrace from import_error"):
            paths = re.findall(r"[\s(\"](/[^\s\"]+)", stacktrace)
            assert paths
            assert all(path.startswith(("/opt/airflow/", "/home/airflow/")) for path in paths)


def test_readme_names_the_snapshots_and_the_present():
    readme = (METADATA.parent / "README.md").read_text()
    names = sorted(one.snapshot_at(moment) for one in ENVIRONMENTS for moment in (EARLIER, NOW))
    assert sorted(set(re.findall(r"[a-z]+-\d{8}T\d+Z", readme))) == names
    assert Store(str(METADATA)).names() == names
    for moment in (EARLIER, NOW):
        assert f"{moment:%Y-%m-%d %H:%M}" in readme
