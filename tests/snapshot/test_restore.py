from __future__ import annotations

import random
import shutil
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from airflow_snapshot.embedded_postgres import embedded_postgres
from tests.real_airflow.postgres import execute
from tests.small_disk import small_disk
from tests.snapshot.conftest import add_rows, databases_of, rows_of, tables_of

DRAW = random.Random(7)


def test_a_new_database_holds_the_same_rows(snapshots, each_source, postgres, new_name):
    name = snapshots.take(each_source)
    printed = snapshots.run("restore", "--into", postgres.url(new_name))
    assert f"Restored {name} into" in printed
    assert "airflow-snapshot neutralise" in printed
    tables = tables_of(each_source)
    new = postgres.url(new_name)
    assert set(tables_of(new)) - set(tables) == {"airflow_snapshot_origin"}
    assert rows_of(new, *tables) == rows_of(each_source, *tables)
    [(origin, neutralised_at)] = execute(
        new, "select snapshot, neutralised_at from airflow_snapshot_origin"
    ).fetchall()
    assert (origin, neutralised_at) == (name, None)
    # What says that it is a copy is no part of what is copied again.
    again = snapshots.take(new)
    assert "PASS" in snapshots.run("verify", again)
    assert "airflow_snapshot_origin" not in snapshots.run("inspect", again)


def test_an_empty_database_keeps_its_settings(snapshots, source, postgres):
    name = snapshots.take(source)
    new = postgres.create_database(f"empty_{DRAW.random()}")
    execute(
        new,
        sql.SQL("alter database {} set work_mem = '5MB'").format(
            sql.Identifier(psycopg.conninfo.conninfo_to_dict(new)["dbname"])
        ),
    )
    printed = snapshots.run("restore", name, "--into", new)
    assert "in one transaction" in printed
    tables = tables_of(source)
    assert rows_of(new, *tables) == rows_of(source, *tables)
    assert execute(new, "show work_mem").fetchone() == ("5MB",)


def test_what_is_restored_says_what_to_do_next(snapshots, source, postgres, new_name):
    snapshots.take(source)
    printed = snapshots.run("restore", "--into", postgres.url(new_name))
    assert "sql_alchemy_conn = postgresql+psycopg2://postgres@" in printed
    assert f"/{new_name}?host=" in printed
    assert "version is not known" in printed
    assert "API server, scheduler, DAG processor, triggerer, workers" in printed


def test_after_an_upgrade_components_start_in_the_order_of_the_newer_airflow(
    snapshots, templates, copy_database, postgres, new_name
):
    snapshots.take(copy_database(templates["2"]))
    printed = snapshots.run(
        "restore", "--into", postgres.url(new_name), "--airflow-version", "3.3.2"
    )
    assert "Run: airflow db migrate" in printed
    assert "Start: API server, scheduler, DAG processor, triggerer, workers." in printed


@pytest.mark.parametrize(
    ("version", "code", "told"),
    [
        ("3.4.1", 0, "Run: airflow db migrate"),
        ("3.3.2", 0, "nothing to migrate"),
        ("3.2.0", 78, "Airflow cannot use a newer database"),
        ("latest", 78, "no version of Airflow"),
    ],
)
def test_the_airflow_of_the_new_environment(
    snapshots, source, postgres, new_name, version, code, told
):
    snapshots.take(source)
    arguments = ("restore", "--into", postgres.url(new_name))
    printed = snapshots.run(*arguments, "--airflow-version", version, code=code)
    assert told in printed
    assert (new_name in databases_of(postgres)) == (code == 0)


def test_the_airflow_on_the_path_is_asked(snapshots, source, postgres, new_name, tmp_path):
    snapshots.take(source)
    program = tmp_path / "airflow"
    program.write_text("#!/bin/sh\necho 'a warning'\necho 2.11.0\n")
    program.chmod(0o755)
    printed = snapshots.run(
        *("restore", "--into", postgres.url(new_name)), code=78, PATH=f"{tmp_path}:/usr/bin:/bin"
    )
    assert "the new environment runs 2.11.0" in printed


def test_refused_databases(snapshots, source, postgres, copy_database):
    name = snapshots.take(source)
    before = databases_of(postgres)

    def refusal(url: str) -> str:
        return snapshots.run("restore", name, "--into", url, code=78)

    assert "is the database that the snapshot was taken from" in refusal(source)
    full = postgres.create_database("full")
    execute(full, "create table mine (i int)")
    assert "is not empty, it has public.mine" in refusal(full)
    execute(full, "drop table mine", "create view mine as select 1 as i")
    assert "is not empty, it has public.mine" in refusal(full)
    live = copy_database(psycopg.conninfo.conninfo_to_dict(source)["dbname"])
    execute(
        live,
        "update job set state = 'running', latest_heartbeat = now(), hostname = 'sched-1'"
        " where id = (select min(id) from job where job_type = 'SchedulerJob')",
    )
    assert "An Airflow is running on" in refusal(live)
    used = postgres.create_database("used")
    with psycopg.connect(used, application_name="somebody"):
        assert "others are connected to this database: postgres (somebody)" in refusal(used)
    execute(
        postgres.url("postgres"),
        "drop role if exists lowly",
        "create role lowly login",
    )
    lowly = postgres.url("missing").replace("postgres@", "lowly@", 1)
    assert "may not create databases" in refusal(lowly)
    assert databases_of(postgres) - before == {
        "full",
        "used",
        psycopg.conninfo.conninfo_to_dict(live)["dbname"],
    }


def test_a_clone_needs_a_new_database_before_anything_is_taken(snapshots, source, postgres):
    there = postgres.create_database("there")
    environ = {"AIRFLOW_SNAPSHOT_SOURCE": source}
    printed = snapshots.run("clone", "--into", there, code=78, **environ)
    assert "A clone needs a database that is not" in printed
    assert snapshots.run("list") == ""
    assert tables_of(there) == []


def test_an_extensions_tables_are_no_obstacle(snapshots, source, postgres):
    snapshots.take(source)
    new = postgres.create_database("extended")
    execute(new, "create table theirs (i int)", "alter extension plpgsql add table theirs")
    assert "Restored" in snapshots.run("restore", "--into", new)


def test_a_damaged_snapshot_makes_no_database(snapshots, source, postgres, new_name):
    name = snapshots.take(source)
    archive = Path(snapshots.location) / f"{name}.dump"
    archive.write_bytes(archive.read_bytes()[:-5])
    assert "truncated" in snapshots.run("restore", "--into", postgres.url(new_name), code=78)
    assert new_name not in databases_of(postgres)


def test_a_snapshot_that_is_not_what_its_manifest_says(snapshots, source, postgres, new_name):
    name = snapshots.take(source)
    manifest = Path(snapshots.location) / f"{name}.json"
    manifest.write_text(manifest.read_text().replace('"rows": ', '"rows": 1'))
    printed = snapshots.run("restore", "--into", postgres.url(new_name), code=78)
    assert "is not what the manifest says" in printed
    assert not [one for one in databases_of(postgres) if one.startswith(new_name)]
    empty = postgres.create_database("to_be_emptied")
    assert "so it was dropped" in snapshots.run("restore", "--into", empty, code=78)
    assert tables_of(empty) == []


@pytest.mark.parametrize("is_there", [False, True])
def test_killed_at_any_moment(snapshots, source, postgres, new_name, is_there):
    """A restore is whole or not there, and the next one goes through."""
    name = snapshots.take(source)
    url = postgres.create_database(new_name) if is_there else postgres.url(new_name)
    begun = time.monotonic()
    snapshots.start("restore", name, "--into", url).communicate()
    usual = time.monotonic() - begun
    tables = tables_of(source)
    expected = rows_of(source, *tables)
    ended_early = 0
    for number in range(5):
        execute(
            postgres.url("postgres"),
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(new_name)),
        )
        if is_there:
            postgres.create_database(new_name)
        process = snapshots.start("restore", name, "--into", url)
        time.sleep(_fraction(number, 5) * usual)
        process.kill()
        process.communicate()
        _wait_for_the_orphans(postgres)
        found = set(tables_of(url)) if new_name in databases_of(postgres) else set()
        if found:
            assert rows_of(url, *tables) == expected
        else:
            ended_early += 1
    assert ended_early > 0
    if not found:
        snapshots.run("restore", name, "--into", url)
    assert rows_of(url, *tables) == expected
    assert f"{new_name}__restoring" not in databases_of(postgres)


def _fraction(number, count):
    """Somewhere in the part of a run that is this number's: the first is early on any machine."""
    return (number + DRAW.random()) / count


def _wait_for_the_orphans(postgres):
    """What a killed process started may work on for a moment."""
    query = (
        "select count(*) from pg_stat_activity where pid <> pg_backend_pid()"
        " and application_name = 'airflow-snapshot'"
    )
    deadline = time.monotonic() + 60
    while execute(postgres.url("postgres"), query).fetchone() != (0,):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_take_killed_at_any_moment_is_no_snapshot(snapshots, source):
    begun = time.monotonic()
    snapshots.start("take", AIRFLOW_SNAPSHOT_SOURCE=source).communicate()
    usual = time.monotonic() - begun
    shutil.rmtree(snapshots.location)
    none = 0
    for number in range(8):
        process = snapshots.start("take", AIRFLOW_SNAPSHOT_SOURCE=source)
        time.sleep(_fraction(number, 8) * usual)
        process.kill()
        process.communicate()
        listed = snapshots.run("list").splitlines()
        none += not listed
        for line in listed:
            assert "PASS" in snapshots.run("verify", line.split()[0])
        shutil.rmtree(snapshots.location, ignore_errors=True)
    assert none > 0


def cut_as_long_as_it_runs(process, postgres, where):
    """Once would not do: what is cut may be idle, its work done, or the server's own vacuum."""
    cut = f"select count(pg_terminate_backend(pid)) from pg_stat_activity where {where}"
    times = 0
    while process.poll() is None:
        times += execute(postgres.url("postgres"), cut).fetchone()[0]
    out, err = process.communicate()
    assert times > 0
    assert process.returncode == 75, out + err


def test_a_connection_that_is_cut(snapshots, source, postgres, new_name):
    add_rows(source)
    process = snapshots.start("take", AIRFLOW_SNAPSHOT_SOURCE=source)
    cut_as_long_as_it_runs(process, postgres, "application_name = 'airflow-snapshot'")
    assert snapshots.run("list") == ""
    assert not any(Path(snapshots.location).glob("*")) or not Path(snapshots.location).exists()
    snapshots.take(source)
    process = snapshots.start("restore", "--into", postgres.url(new_name))
    cut_as_long_as_it_runs(process, postgres, f"datname = '{new_name}__restoring'")
    assert not [one for one in databases_of(postgres) if one.startswith(new_name)]


def test_a_server_whose_disk_is_full(snapshots, source):
    """The wheel's server on a small disk: big enough for itself, not for the copy."""
    add_rows(source)
    name = snapshots.take(source)
    with (
        tempfile.TemporaryDirectory(prefix="restore-") as folder,
        small_disk(Path(folder), "75m"),
        embedded_postgres(Path(folder) / "data") as server,
    ):
        url = server.get_uri().replace("/postgres?", "/copy?")
        process = snapshots.start("restore", name, "--into", url)
        out, err = process.communicate()
        # A server that cannot write its log any more goes down.
        assert process.returncode in {75, 78}, out + err
        assert "Restored" not in out
        with psycopg.connect(server.get_uri()) as connection:
            names = connection.execute("select datname from pg_database").fetchall()
        assert ("copy",) not in names
