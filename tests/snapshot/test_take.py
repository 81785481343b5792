from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from airflow_snapshot.database import parse_address
from airflow_snapshot.exported_snapshot import export_snapshot
from tests.real_airflow.postgres import execute
from tests.snapshot.airflow_copies import FINISHED, UNFINISHED, busy, rows
from tests.snapshot.conftest import Snapshots, tables_of

CANARY = "canary-7f3a"


def manifest_of(snapshots: Snapshots, name: str) -> dict:
    return json.loads((Path(snapshots.location) / f"{name}.json").read_text())


def test_the_manifest_says_what_is_there(snapshots, each_source):
    execute(
        each_source,
        "update job set state = 'running', latest_heartbeat = now(), hostname = 'sched-1'"
        " where id = (select min(id) from job where job_type = 'SchedulerJob')",
    )
    name = snapshots.take(each_source)
    manifest = manifest_of(snapshots, name)
    with psycopg.connect(each_source) as connection:
        counted = {
            table: connection.execute(f"select count(*) from {table}").fetchone()[0]
            for table in tables_of(each_source)
        }
        [(keys,)] = connection.execute(
            "select count(*) from pg_constraint where contype = 'f'"
            " and connamespace = 'public'::regnamespace"
        ).fetchall()
        [(revision,)] = connection.execute("select version_num from alembic_version").fetchall()
        [(running,)] = connection.execute(
            "select count(*) from task_instance where state = 'running'"
        ).fetchall()
    contents = manifest["contents"]
    assert {table: found["rows"] for table, found in contents["tables"].items()} == counted
    assert sum(text.startswith("FOREIGN KEY") for text in contents["constraints"].values()) == keys
    assert keys > 20
    assert manifest["source"]["revisions"]["alembic_version"] == revision
    assert manifest["source"]["airflow_version"] in ("2.10.3", "3.3.0")
    assert manifest["running"]["components"] == ["SchedulerJob@sched-1"]
    assert manifest["running"]["task_instances"] >= running > 0
    assert manifest["environment_slug"] == "shop"
    assert manifest["has_secrets"] is True
    printed = snapshots.run("inspect", name)
    assert "SchedulerJob@sched-1" in printed
    assert f"{counted['task_instance']:,} task_instance" in printed
    assert name in snapshots.run("list")
    assert snapshots.run("list", "--environment-slug", "another") == ""


@pytest.mark.parametrize("version", ["2.4.3", "3.3.2", "3.4.0b2"])
def test_whatever_is_in_no_final_state_counts_as_running(postgres, version):
    url = busy(postgres, version)
    current = "state <> '' and task_id not like 'superseded%'"
    states = rows(url, f"select state, count(*) from task_instance where {current} group by 1")
    assert dict(states).keys() == {*FINISHED, *UNFINISHED}
    with export_snapshot(parse_address(url, "source"), "public") as exported:
        running = exported.running()
    assert running.task_instances == sum(dict(states)[state] for state in UNFINISHED)
    query = "select count(*) from dag_run where state in ('queued', 'running')"
    assert [(running.dag_runs,)] == rows(url, query)


def test_files_are_for_their_owner_alone_and_nothing_else_is_left(snapshots, source):
    name = snapshots.take(source)
    files = {path.name: path.stat().st_mode & 0o777 for path in Path(snapshots.location).iterdir()}
    assert files == {f"{name}.dump": 0o600, f"{name}.json": 0o600}


def test_archive_and_manifest_show_one_moment_while_others_write(snapshots, source):
    """Every writer's transaction keeps the two tables equal, so every moment has them equal."""
    execute(
        source,
        "create table written_1 (i serial primary key)",
        "create table written_2 (i serial primary key)",
    )
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        with psycopg.connect(source) as connection:
            while not stop.is_set():
                connection.execute("insert into written_1 default values")
                connection.execute("insert into log (dttm, event) values (now(), 'written')")
                connection.execute("insert into written_2 default values")
                connection.execute("update dag set is_paused = not is_paused")
                connection.commit()
                written += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(2):
            name = snapshots.take(source)
            tables = manifest_of(snapshots, name)["contents"]["tables"]
            assert tables["written_1"] == tables["written_2"]
            assert tables["written_1"]["rows"] > 0
            assert "PASS" in snapshots.run("verify", name)
    finally:
        stop.set()
        writer.join()
    assert written > tables["written_1"]["rows"]


@pytest.fixture
def strict_url(tcp_postgres) -> str:
    """The address of an empty database, with the password that it asks for."""
    execute(
        tcp_postgres.url("postgres"),
        "drop database if exists secretive",
        "drop role if exists keeper",
        f"create role keeper login superuser password '{CANARY}'",
        "create database secretive owner keeper",
    )
    [(file,)] = execute(tcp_postgres.url("postgres"), "show hba_file").fetchall()
    rules = Path(file).read_text()
    Path(file).write_text(f"host all keeper 127.0.0.1/32 scram-sha-256\n{rules}")
    execute(tcp_postgres.url("postgres"), "select pg_reload_conf()")
    return f"postgresql://keeper:{CANARY}@127.0.0.1:{tcp_postgres.port}/secretive"


def test_ways_to_give_a_password(snapshots, strict_url, source, tmp_path):
    name = snapshots.take(source)
    snapshots.run("restore", name, AIRFLOW_SNAPSHOT_INTO=strict_url)
    bare = strict_url.replace(f":{CANARY}@", "@")
    assert "password" in snapshots.run("take", "--source", bare, code=78)
    wrong = strict_url.replace(CANARY, "wrong")
    assert "refused the login" in snapshots.run("take", code=78, AIRFLOW_SNAPSHOT_SOURCE=wrong)
    snapshots.run("take", "--source", bare, PGPASSWORD=CANARY)
    passwords = tmp_path / "passwords"
    passwords.write_text(f"*:*:*:keeper:{CANARY}\n")
    passwords.chmod(0o600)
    snapshots.run("take", "--source", bare, PGPASSFILE=str(passwords))


def test_rows_are_told_alike_whatever_the_source_is_set_to(snapshots, source, postgres):
    name = psycopg.conninfo.conninfo_to_dict(source)["dbname"]
    for setting in (
        "extra_float_digits to -10",
        "datestyle to 'German'",
        "timezone to 'Asia/Kolkata'",
        "bytea_output to 'escape'",
        "search_path to pg_catalog",
    ):
        execute(postgres.url("postgres"), f"alter database {name} set {setting}")
    execute(
        source, "update public.task_instance set duration = 1.0 / 3, executor_config = '\\x00ff'"
    )
    assert "PASS" in snapshots.run("verify", snapshots.take(source))


def test_a_password_is_in_no_command_line_and_no_file(snapshots, strict_url, source):
    url = strict_url
    plain = snapshots.take(source)
    process = snapshots.start("restore", plain, AIRFLOW_SNAPSHOT_INTO=url)
    seen = _command_lines_until_it_ends(process)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert any("psql" in line for line in seen)
    process = snapshots.start("take", AIRFLOW_SNAPSHOT_SOURCE=url)
    seen |= _command_lines_until_it_ends(process)
    out_2, err_2 = process.communicate()
    assert process.returncode == 0, err_2
    assert any("pg_dump" in line for line in seen)
    assert CANARY not in "".join(seen)
    assert CANARY not in out + err + out_2 + err_2
    assert "***" in out
    for path in Path(snapshots.location).glob("*.json"):
        assert CANARY not in path.read_text()


def _command_lines_until_it_ends(process) -> set[str]:
    seen = set()
    ours = psutil.Process(process.pid)
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            for member in [ours, *ours.children(recursive=True)]:
                seen.add(" ".join(member.cmdline()))
    return seen


@pytest.mark.parametrize(
    ("address", "code", "told"),
    [
        ("", 78, "AIRFLOW_SNAPSHOT_SOURCE) is not set"),
        ("mysql+mysqldb://u@h/airflow", 78, "is a mysql address"),
        ("sqlite:////airflow.db", 78, "is a sqlite address"),
        ("postgresql://host", 78, "names no database"),
        ("postgresql://u:p%zz@host/a", 78, "no address that PostgreSQL understands"),
        ("postgresql://u:other@p%zz@host/a", 78, "more than one @"),
        ("postgresql://u:p%zz/other@host/a", 78, "one after a /"),
        ("postgresql://u:p%25zz@127.0.0.1:99999/a", 78, "invalid port number"),
        ("postgresql://u:p%25zz@127.0.0.1:1/a?sslmode=on", 78, "invalid sslmode value"),
        ("postgresql://u:p%25zz@/a?service=no", 78, 'service "no" not found'),
        ("postgresql://u:p%25zz@nowhere.invalid/a", 75, "resolve host"),
        ("postgresql://u@127.0.0.1:1/a", 75, "did not answer"),
    ],
)
def test_a_source_that_cannot_be_read(snapshots, address, code, told):
    printed = snapshots.run("take", code=code, AIRFLOW_SNAPSHOT_SOURCE=address)
    assert told in printed
    assert "zz" not in printed
    assert not Path(snapshots.location).exists()


def test_a_database_that_is_not_there_or_not_airflows(snapshots, postgres):
    missing = snapshots.run("take", code=78, AIRFLOW_SNAPSHOT_SOURCE=postgres.url("nowhere"))
    assert '"nowhere" does not exist' in missing
    other = snapshots.run("take", code=78, AIRFLOW_SNAPSHOT_SOURCE=postgres.url("postgres"))
    assert "has no Airflow tables in the schema 'public'" in other
    assert "--schema" in other


def test_a_login_that_may_not_read_everything(snapshots, source):
    execute(
        source,
        "drop role if exists half_reader",
        "create role half_reader login",
        "grant select on all tables in schema public to half_reader",
        "revoke select on connection from half_reader",
    )
    try:
        url = source.replace("postgres@", "half_reader@", 1)
        printed = snapshots.run("take", code=78, AIRFLOW_SNAPSHOT_SOURCE=url)
        assert "permission denied for table connection" in printed
        assert "login that owns Airflow's tables" in printed
        assert list(Path(snapshots.location).iterdir()) == []
    finally:
        execute(source, "drop owned by half_reader", "drop role half_reader")


def test_a_password_in_an_argument_is_refused(snapshots):
    printed = snapshots.run("take", "--source", f"postgresql://u:{CANARY}@h/a", code=78)
    assert "visible to all users" in printed
    assert CANARY not in printed


@pytest.mark.parametrize("slug", ["", "Shop", "../shop", "a b", "s" * 49])
def test_a_slug_that_is_none(snapshots, source, slug):
    assert "ENVIRONMENT_SLUG" in snapshots.run(
        "take", code=78, AIRFLOW_SNAPSHOT_SOURCE=source, ENVIRONMENT_SLUG=slug
    )


def test_another_schema(snapshots, source, postgres, new_name):
    execute(source, 'alter schema public rename to "Air-flow"')
    name = snapshots.take(source, "--schema", "Air-flow")
    assert "PASS" in snapshots.run("verify", name)
    snapshots.run("restore", name, "--into", postgres.url(new_name))
    rows = execute(postgres.url(new_name), 'select count(*) from "Air-flow".dag_run').fetchone()
    assert rows == execute(source, 'select count(*) from "Air-flow".dag_run').fetchone()
