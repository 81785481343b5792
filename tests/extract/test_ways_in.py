"""The ways in that people have to the database of their Airflow, on each PostgreSQL at hand."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tap_airflow_metadata.catalogue import load_catalogue
from tap_airflow_metadata.errors import SourceRefusedError, SourceUnavailableError
from tap_airflow_metadata.grants import grants_sql
from tap_airflow_metadata.read_transaction import ReadTransaction
from tests.extract.generated_rows import fill
from tests.extract.tap_runs import checked_settings, sync_here
from tests.real_airflow import captured
from tests.real_airflow.pgbouncer import transaction_pooler
from tests.real_airflow.postgres import (
    ThrowawayPostgres,
    execute,
    require_password,
    throwaway_postgres,
)
from tests.real_airflow.tls import tls_in_front_of

PASSWORD = "sesame"
PASSWORD_LINE = f"*:*:*:reader:{PASSWORD}\n"


@pytest.fixture(scope="module", params=[16, 18])
def server(request) -> Iterator[ThrowawayPostgres]:
    """A server with the database `airflow`, and `reader`, who may read it, with a password."""
    with throwaway_postgres(tcp=True, version=request.param) as postgres:
        schema = captured.load("3.3.2")
        url = postgres.create_database("airflow")
        captured.recreate(schema, url)
        fill(schema, url, 20)
        grants = grants_sql(
            {"database_url": "postgresql://reader@", "tables": [], "pii": "hashed"},
            load_catalogue(),
        )
        execute(url, grants, f"alter role reader password '{PASSWORD}'")
        require_password(url, "reader")
        yield postgres


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path) -> Path:
    """A home without files, and an environment that says nothing of a database."""
    for name in os.environ:
        if name.startswith("PG"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write_secret(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o600)
    return file


def is_read_whole(folder: Path, url: str) -> bool:
    """Whether a sync of all tables, with a salt, sends every row."""
    run = sync_here(folder, database_url=url, tables=[], pii="hashed", pii_salt="a-long-salt")
    manifests = run.rows("_sync_manifest")
    assert run.manifest("ab_user")["sent_rows"] == 20
    return all(row["sent_rows"] == row["source_rows"] for row in manifests)


def refused(url: str) -> str:
    with (
        pytest.raises(SourceRefusedError) as error,
        ReadTransaction(checked_settings(database_url=url)),
    ):
        pass
    assert PASSWORD not in str(error.value)
    return str(error.value)


def test_a_password_file(server, home, monkeypatch):
    url = f"postgresql://reader@127.0.0.1:{server.port}/airflow"
    assert "no password supplied" in refused(url)
    file = write_secret(home / ".pgpass", PASSWORD_LINE)
    assert is_read_whole(home, url)
    monkeypatch.setenv("PGPASSFILE", str(file.rename(home / "passwords")))
    assert is_read_whole(home, url)
    write_secret(home / "passwords", PASSWORD_LINE.replace(PASSWORD, "wrong"))
    assert "passwords" in refused(url)


@pytest.mark.parametrize("address", ["service=audit", "postgresql://?service=audit"])
def test_a_service_file(server, home, monkeypatch, address):
    assert "its service" in refused(address)
    service = f"[audit]\nhost=127.0.0.1\nport={server.port}\ndbname=airflow\nuser=reader\n"
    file = write_secret(home / ".pg_service.conf", f"{service}password={PASSWORD}\n")
    assert is_read_whole(home, address)
    monkeypatch.setenv("PGSERVICEFILE", str(file.rename(home / "services")))
    assert is_read_whole(home, address)
    file = write_secret(home / "services", f"[audit]\n{PASSWORD}\n")
    assert "its service" in refused(address)


def test_tls_with_a_certificate_of_the_client(server, home):
    with tls_in_front_of(server.port, home) as way:
        url = f"postgresql://reader:{PASSWORD}@localhost:{way.port}/airflow"
        assert is_read_whole(home, f"{url}?{way.trust}&{way.identity}")
        other = url.replace("localhost", "127.0.0.1")
        another = way.trust.replace(str(way.certificate), str(way.client_certificate))
        nowhere = way.trust.replace("server.crt", "nowhere.crt")
        for wrong, said in (
            (f"{other}?{way.trust}&{way.identity}", "does not match host name"),
            (f"{url}?{another}&{way.identity}", "verify failed"),
            (f"{url}?sslmode=verify-full&sslrootcert=system&{way.identity}", "verify failed"),
            (f"{url}?{nowhere}&{way.identity}", "root certificate file"),
            (f"{url}?{way.trust}", "alert certificate required"),
            (f"{url}?{way.trust}&{way.identity}.nowhere", "not private key file"),
        ):
            told = refused(wrong)
            assert said in told
            assert "sslrootcert, sslcert and sslkey" in told


def test_a_server_without_tls(server):
    url = f"postgresql://reader:{PASSWORD}@127.0.0.1:{server.port}/airflow?sslmode=require"
    assert "check sslmode" in refused(url)


def test_a_transaction_pooler(server, home):
    with transaction_pooler(server, "reader", PASSWORD) as port:
        url = f"postgresql://reader:{PASSWORD}@127.0.0.1:{port}/airflow"
        airflow = psycopg.connect(url, autocommit=True, prepare_threshold=None)
        query = (
            "select pg_backend_pid(), array_agg(name || '=' || setting) from pg_settings"
            " where source = 'session' and name not like 'transaction%'"  # of the last one
        )
        with airflow:
            before = airflow.execute(query).fetchall()
            assert is_read_whole(home, url)
            assert airflow.execute(query).fetchall() == before
        assert "unsupported startup parameter" in refused(f"{url}?options=-cwork_mem%3D1MB")
        assert "does_not_exist" in refused(url.replace("/airflow", "/does_not_exist"))


def test_a_limit_that_the_administrator_has_set(server, home):
    url = server.url("airflow")
    reader = f"postgresql://reader:{PASSWORD}@127.0.0.1:{server.port}/airflow"
    limits = execute(
        url,
        "select name from pg_settings"
        " where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')",
    ).fetchall()
    assert limits
    for (limit,) in limits:
        execute(url, f"alter role reader set {limit} = '20s'")
        assert is_read_whole(home, reader)
        execute(url, f"alter role reader set {limit} = '300ms'")
        with ReadTransaction(checked_settings(database_url=reader)) as transaction:
            time.sleep(0.6)
            with pytest.raises(SourceUnavailableError, match=f"Raise {limit} for the login"):
                transaction.count("dag")
        execute(url, f"alter role reader reset {limit}")
