"""What goes wrong is said, with what to do, and the exit code tells whether to try again."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import adbc_driver_manager
import psycopg
import pytest

from tap_airflow_metadata.database_errors import translated_errors
from tap_airflow_metadata.errors import SourceRefusedError, SourceUnavailableError
from tap_airflow_metadata.read_transaction import ReadTransaction
from tests.extract.tap_runs import TAP, checked_settings, run_tap, sync_here
from tests.real_airflow.postgres import execute

FINAL, RETRYABLE = 78, 75


def failed(run, exit_code, *said):
    assert run.exit_code == exit_code, run.log
    for text in said:
        assert text in run.log
    assert "Traceback" not in run.log
    assert run.messages == []


def left_behind(folder: Path):
    return list((folder / "spool").glob("*"))


def test_a_wrong_password_is_final_and_stays_secret(filled_database, tmp_path):
    url = filled_database("3.3.2")
    execute(url, "create role guarded login password 'right'")
    hba = Path(execute(url, "show hba_file").fetchone()[0])
    before = hba.read_text()
    hba.write_text(f"local all guarded scram-sha-256\n{before}")
    execute(url, "select pg_reload_conf()")
    time.sleep(0.5)
    try:
        wrong = url.replace("postgres@", "guarded:sesame@")
        run = run_tap(tmp_path, database_url=wrong)
        failed(run, FINAL, "password authentication failed", "TAP_AIRFLOW_METADATA_DATABASE_URL")
        assert "sesame" not in run.log
    finally:
        hba.write_text(before)
        execute(url, "select pg_reload_conf()")
        execute(url, "drop role guarded")


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ("the database system is starting up", SourceUnavailableError),
        ("the database system is shutting down", SourceUnavailableError),
        ("the database system is in recovery mode", SourceUnavailableError),
        ("the database system is not yet accepting connections", SourceUnavailableError),
        ("sorry, too many clients already", SourceUnavailableError),
        ("remaining connection slots are reserved", SourceUnavailableError),
        ("terminating connection due to administrator command", SourceUnavailableError),
        ('password authentication failed for user "audit"', SourceRefusedError),
        ('role "audit" is not permitted to log in', SourceRefusedError),
        ('database "airflow" does not exist', SourceRefusedError),
    ],
)
def test_a_refused_login_that_will_pass(refusal, kind):
    """libpq tells no SQLSTATE of a login, only the server's words."""
    text = f"connection to server at 127.0.0.1, port 5432 failed: FATAL:  {refusal}"
    with pytest.raises(kind), translated_errors():
        raise adbc_driver_manager.OperationalError(
            text, status_code=adbc_driver_manager.AdbcStatusCode.IO
        )


@pytest.mark.parametrize(
    ("url", "exit_code", "said"),
    [
        ("mysql://u:sesame@db/airflow", FINAL, "Only Airflow metadata databases on PostgreSQL"),
        ("airflow-db-not-allowed:///", FINAL, "--grants"),
        ("postgresql://u:se same%zz@db/airflow", FINAL, "percent-encoded"),
        ("postgresql://u:sesame@127.0.0.1:1/airflow", RETRYABLE, "can be reached"),
        ("postgresql://u:sesame@nowhere.invalid/airflow", RETRYABLE, "can be reached"),
        ("", FINAL, "TAP_AIRFLOW_METADATA_DATABASE_URL"),
        ("postgresql://u:secret@sesame@127.0.0.1:1/airflow", FINAL, "more than one @"),
        ("postgresql://u:secret/sesame@127.0.0.1:1/airflow", FINAL, "%2F for /"),
        ("postgresql://u@db:sesame@127.0.0.1:1/airflow", FINAL, "%40 for @"),
        ("postgresql://u:1/airflow?application_name=a@b", RETRYABLE, '"u"'),
        ("postgresql://u:sesame@127.0.0.1:99999/airflow", FINAL, "its port"),
        ("postgresql://127.0.0.1:sesame/airflow", FINAL, "its port"),
        ("postgresql://u:sesame@127.0.0.1:1/airflow?ssl=on", FINAL, "an option that libpq"),
        ("host=127.0.0.1 password=se same=1", FINAL, "an option that libpq"),
        ("u:sesame@127.0.0.1/airflow?sslmode=require", FINAL, "begins with postgresql://"),
        ("postgresql://u:sesame@127.0.0.1:1/airflow?sslmode=on", FINAL, "sslmode has to be"),
        ("service=nowhere password=sesame", FINAL, "its service"),
        ("postgresql://u:sesame@db/airflow?require_auth=any", FINAL, "one of its options"),
        ("host=db password='sesame", FINAL, "could not be used"),
    ],
)
def test_an_address_that_leads_nowhere(url, exit_code, said, tmp_path):
    run = run_tap(tmp_path, database_url=url)
    failed(run, exit_code, said)
    assert "same" not in run.log


def test_a_database_that_does_not_exist(postgres, tmp_path):
    failed(run_tap(tmp_path, database_url=postgres.url("nope")), FINAL, '"nope" does not exist')


def test_an_empty_database(postgres, tmp_path):
    url = postgres.create_database("empty")
    failed(run_tap(tmp_path, database_url=url), FINAL, "no tables in the schema 'public'")


def test_a_database_that_is_no_airflow(postgres, tmp_path):
    url = postgres.create_database("shop")
    execute(url, "create table orders (id integer)")
    failed(run_tap(tmp_path, database_url=url), FINAL, "is no Airflow metadata database")


def test_an_airflow_that_is_too_old(filled_database, tmp_path):
    url = filled_database("2.4.3", rows=1)
    execute(url, "update alembic_version set version_num = 'b1b348e02d07'")
    failed(run_tap(tmp_path, database_url=url), FINAL, "Airflow 2.3.0", "2.4")


def test_an_unknown_revision_is_said_and_read_all_the_same(filled_database, tmp_path):
    url = filled_database("3.3.2", rows=3)
    execute(url, "update alembic_version set version_num = 'feedfacecafe'")
    execute(url, "alter table dag add column of_the_future text")
    run = run_tap(tmp_path, database_url=url, tables=["dag"])
    assert run.exit_code == 0
    assert "Unknown schema revision feedfacecafe" in run.log
    assert len(run.rows("dag")) == 3
    assert run.manifest("dag")["airflow_version"] is None
    assert run.manifest("dag")["alembic_revision"] == "feedfacecafe"


def test_tables_that_are_not_in_the_catalogue_are_named_in_a_full_sync_only(
    filled_database, tmp_path
):
    url = filled_database("3.3.2", rows=1)
    execute(url, "create table edge_worker (secret text)")
    execute(url, "create table _airflow_deleted__2_3__log (secret text)")
    full = run_tap(tmp_path, database_url=url, tables=[])
    assert "not in the catalogue, not read: edge_worker\n" in full.log
    assert "edge_worker" not in run_tap(tmp_path, database_url=url).log


def test_an_unreadable_table_is_named_and_left_out_only_on_request(filled_database, tmp_path):
    url = filled_database("2.11.0", rows=2)
    execute(url, "create role partly login")
    execute(url, "grant select on dag, dag_run, task_instance, alembic_version to partly")
    execute(url, "grant select (id, dttm) on log to partly")
    partly = url.replace("postgres@", "partly@")
    tables = ["dag", "log", "job"]
    run = run_tap(tmp_path, database_url=partly, tables=tables)
    failed(run, FINAL, "job (id, dag_id", "log (dag_id", "--grants", "skip_unreadable_tables")
    run = run_tap(tmp_path, database_url=partly, tables=tables, skip_unreadable_tables=True)
    assert run.exit_code == 0
    assert run.streams == ["dag", "_sync_manifest"]
    assert "Left out, because the login may not read them: job" in run.log
    execute(url, "drop owned by partly")
    execute(url, "drop role partly")


def test_a_locked_table_is_retryable_and_the_tap_does_not_wait_for_ever(filled_database, tmp_path):
    url = filled_database("2.11.0", rows=1)
    with psycopg.connect(url) as connection:
        connection.execute("lock table dag in access exclusive mode")
        run = run_tap(tmp_path, database_url=url, tables=["dag"], lock_timeout_seconds=1)
    failed(run, RETRYABLE, "A table is locked", "lock_timeout_seconds")
    assert left_behind(tmp_path) == []


def test_a_statement_that_takes_too_long(filled_database, tmp_path):
    url = filled_database("2.11.0", rows=1)
    execute(
        url,
        "insert into log (id, extra) select i, repeat('x', 200) from generate_series(2, 2000000) i",
    )
    run = run_tap(tmp_path, database_url=url, tables=["log"], statement_timeout_seconds=1)
    failed(run, RETRYABLE, "statement_timeout_seconds")
    assert left_behind(tmp_path) == []


def test_a_server_that_goes_away_halfway(filled_database, tmp_path):
    url = filled_database("2.11.0", rows=1)
    execute(
        url,
        "insert into log (id, extra) select i, repeat('x', 500) from generate_series(2, 1000000) i",
    )
    stop = threading.Event()

    def terminate_the_copy():
        with psycopg.connect(url, autocommit=True) as connection:
            while not stop.is_set():
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_progress_copy"
                    " where tuples_processed > 1000"
                )
                time.sleep(0.01)

    thread = threading.Thread(target=terminate_the_copy)
    thread.start()
    try:
        run = run_tap(tmp_path, database_url=url, tables=["dag", "log"])
    finally:
        stop.set()
        thread.join()
    failed(run, RETRYABLE, "went away")
    assert left_behind(tmp_path) == []


def test_all_tables_are_of_one_moment(filled_database):
    url = filled_database("3.3.2", rows=5)
    with ReadTransaction(checked_settings(database_url=url)) as transaction:
        transaction.identity(transaction.columns())
        execute(url, "delete from dag_tag")
        assert transaction.count("dag_tag") == 5
        with pytest.raises(Exception, match="read-only"):
            list(transaction.batches("delete from dag returning 1"))


def test_a_connection_that_cannot_begin_is_closed(filled_database):
    """The driver warns of one that is not, and warnings are errors here."""
    settings = checked_settings(database_url=filled_database("3.3.2", rows=1))
    with pytest.raises(SourceRefusedError, match="statement_timeout"):
        ReadTransaction(replace(settings, statement_timeout_seconds=-1)).__enter__()
    gc.collect()


def test_the_transaction_is_ended_before_the_connection(filled_database, tmp_path):
    """A pooler gives up the server's connection of a client that leaves in the middle of one."""
    url = filled_database("3.3.2", rows=1)
    [name] = execute(url, "select current_database()").fetchone()
    broken_off = f"select xact_rollback from pg_stat_database where datname = '{name}'"
    others = f"select count(*) from pg_stat_activity where datname = '{name}' and pid <> %s"
    with psycopg.connect(url.replace(name, "postgres"), autocommit=True) as connection:
        before = connection.execute(broken_off).fetchone()
        sync_here(tmp_path, database_url=url, tables=["dag"])
        while connection.execute(others, [connection.info.backend_pid]).fetchone() != (0,):
            time.sleep(0.01)
        assert connection.execute(broken_off).fetchone() == before


def test_a_slow_loader_keeps_no_transaction_open(filled_database, tmp_path):
    url = filled_database("3.3.2", rows=2000)
    config = tmp_path / "config.json"
    config.write_text(f'{{"database_url": "{url}", "environment_slug": "test"}}')
    with subprocess.Popen(
        [TAP, "--config", str(config)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as tap:
        assert tap.stdout is not None
        first = os.read(tap.stdout.fileno(), 1)  # it has begun to send, and is then held up
        time.sleep(0.5)
        others = execute(
            url,
            "select count(*) from pg_stat_activity where datname = current_database()"
            # Nobody but clients: the server itself may vacuum what was just filled.
            " and backend_type = 'client backend'",
        ).fetchone()[0]
        still_running = tap.poll() is None
        tap.kill()
        with contextlib.suppress(BrokenPipeError):
            tap.communicate()
    assert first == b"{"
    assert still_running, "the output fitted into the pipe, so nothing was shown"
    assert others == 1  # only the query that counts
