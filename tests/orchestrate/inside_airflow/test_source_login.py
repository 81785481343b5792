"""Where the login comes from, and what is said when there is none."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest
from airflow import __version__ as airflow_version
from airflow.exceptions import AirflowFailException
from airflow_audit.source_login import NoSourceLoginError, source_login

IS_AIRFLOW_2 = airflow_version.startswith("2.")
POSTGRES = "postgres://reader:p%40ss%2Fword@db.example.com:6432/airflow?sslmode=require&cursor=x"


@pytest.fixture(autouse=True)
def _no_login(monkeypatch):
    monkeypatch.delenv("TAP_AIRFLOW_METADATA_DATABASE_URL", raising=False)


def test_connection_that_is_named_comes_first(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_METADATA", POSTGRES)
    monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_AUDIT_SOURCE", "postgres://other@localhost/other")
    monkeypatch.setenv("TAP_AIRFLOW_METADATA_DATABASE_URL", "postgresql://environment@localhost/x")
    found = source_login("metadata")
    # Of the extra only what libpq knows.
    assert found.database_url == (
        "postgresql://reader:p%40ss%2Fword@db.example.com:6432/airflow?sslmode=require"
    )
    assert found.secrets == ("p@ss/word",)
    assert "'metadata'" in found.found_in
    assert "p@ss" not in repr(found)
    assert "p%40ss" not in repr(found)


def test_default_connection_comes_before_the_environment(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_AUDIT_SOURCE", "postgres://other@localhost/other")
    monkeypatch.setenv("TAP_AIRFLOW_METADATA_DATABASE_URL", "postgresql://environment@localhost/x")
    assert source_login(None).database_url == "postgresql://other@localhost/other"


def test_environment_comes_before_airflows_own(monkeypatch):
    monkeypatch.setenv("TAP_AIRFLOW_METADATA_DATABASE_URL", "postgresql://a:w%2Ford@localhost/x")
    found = source_login(None)
    assert found.database_url == "postgresql://a:w%2Ford@localhost/x"
    assert found.secrets == ("w/ord",)


def test_a_connections_tls_is_asked_of_libpq(monkeypatch):
    extra = {
        "sslmode": "verify-full",
        "sslrootcert": "/certificates/our own.pem",
        "sslcert": "/certificates/reader.pem",
        "sslkey": "/certificates/reader.key",
        "sslpassword": "key & word",
        "sslcrl": "/certificates/revoked.pem",
        "ssl_min_protocol_version": "TLSv1.3",
        "channel_binding": "require",
        "require_auth": "scram-sha-256",
    }
    connection = {"conn_type": "postgres", "host": "db", "login": "a", "password": "w/ord"}
    monkeypatch.setenv("AIRFLOW_CONN_TLS", json.dumps({**connection, "extra": extra}))
    found = source_login("tls")
    options = dict(part.split("=") for part in found.database_url.partition("?")[2].split("&"))
    assert {key: unquote(value) for key, value in options.items()} == extra
    assert found.secrets == ("w/ord", "key & word")


CONNECT_ARGUMENTS = {"sslmode": "verify-full", "sslrootcert": "/ca.pem", "prepare_threshold": None}


@pytest.mark.skipif(not IS_AIRFLOW_2, reason="tasks of Airflow 3 may not use it")
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("postgresql://a@db/x", "postgresql://a@db/x?sslmode=verify-full&sslrootcert=%2Fca.pem"),
        (
            "postgresql://a@db/x?connect_timeout=5",
            "postgresql://a@db/x?connect_timeout=5&sslmode=verify-full&sslrootcert=%2Fca.pem",
        ),
    ],
)
def test_airflows_own_tls_is_asked_of_libpq(monkeypatch, address, expected):
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", address)
    arguments = f"{__name__}.CONNECT_ARGUMENTS"
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS", arguments)
    assert source_login(None).database_url == expected


def test_unix_socket_and_ipv6(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SOCKET", "postgres://reader@%2Fvar%2Frun/airflow")
    assert source_login("socket").database_url == ("postgresql://reader@/airflow?host=%2Fvar%2Frun")
    monkeypatch.setenv("AIRFLOW_CONN_SIX", '{"conn_type": "postgres", "host": "::1", "login": "a"}')
    assert source_login("six").database_url == "postgresql://a@[::1]/"


def test_missing_connection_that_is_named_is_an_error(monkeypatch):
    monkeypatch.setenv("TAP_AIRFLOW_METADATA_DATABASE_URL", "postgresql://environment@localhost/x")
    with pytest.raises(AirflowFailException, match="no Airflow connection 'nowhere'"):
        source_login("nowhere")


def test_connection_to_another_database_is_an_error(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_AUDIT_SOURCE", "mysql://a:secret@localhost/x")
    with pytest.raises(AirflowFailException, match=r"of type 'mysql'.*postgres") as error:
        source_login(None)
    assert "secret" not in str(error.value)


@pytest.mark.skipif(not IS_AIRFLOW_2, reason="tasks of Airflow 3 may not use it")
def test_airflow_2_has_its_own():
    assert source_login(None).database_url.startswith("postgresql+psycopg2://")


@pytest.mark.skipif(IS_AIRFLOW_2, reason="Airflow 2 has its own login")
@pytest.mark.parametrize("variable", [None, "airflow-db-not-allowed:///"])
def test_airflow_3_says_what_to_set_up(monkeypatch, variable):
    if variable:
        monkeypatch.setenv("TAP_AIRFLOW_METADATA_DATABASE_URL", variable)
    with pytest.raises(NoSourceLoginError, match=r"Airflow 3 may not.*airflow_audit_source"):
        source_login(None)
