"""Connections and variables that still lead to the old environment."""

from __future__ import annotations

import json

import pytest
from cryptography.fernet import Fernet

from airflow_snapshot.old_environment import Endpoint, mentioning
from airflow_snapshot.overrides import ConnectionOverride, Overrides, VariableOverride
from tests.snapshot.airflow_copies import connected, make_copy, neutralised


@pytest.mark.parametrize(
    ("host", "extra", "names"),
    [
        ("DB.prod", None, {"db.prod"}),
        ("https://user@api.prod:8443/v1", None, {"api.prod"}),
        ("a.prod:9092, b.prod:9092", None, {"a.prod", "b.prod"}),
        ("[fd00::1]:5432", None, {"fd00::1"}),
        ("localhost", None, set()),
        ("127.0.0.1:5432", None, set()),
        ("/var/run/postgresql", None, set()),
        (None, {"account": "XY123"}, {"xy123"}),
        (None, {"aws_account_id": 123456789012}, {"123456789012"}),
        (None, {"role_arn": "arn:aws:iam::123456789012:role/x"}, {"123456789012"}),
        (None, {"extra__google_cloud_platform__project": "prod-1"}, {"prod-1"}),
        (None, {"keyfile_dict": json.dumps({"project_id": "prod-2"})}, {"prod-2"}),
        (None, {"nested": [{"subscription_id": "s"}], "region": "eu"}, {"s"}),
        (None, {"account": True}, set()),
    ],
)
def test_the_names_of_a_place(host, extra, names) -> None:
    assert Endpoint(host, extra and json.dumps(extra)).names() == names


def test_an_extra_that_is_no_json_is_text() -> None:
    assert Endpoint(None, "arn:aws:iam::123456789012:role/x").names() == {"123456789012"}


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("postgres://me@db.prod:5432/x", True),
        ("DB.PROD", True),
        ("see db.prod.", True),
        ("replica.db.prod", False),
        ("db.prod.example.com", False),
        ("db.production", False),
        ("my-db.prod", False),
        ("db_prod", False),
    ],
)
def test_a_name_is_a_word_of_its_own(text, is_named) -> None:
    assert mentioning({"it": text}, {"db.prod"}) == (("it",) if is_named else ())


def test_no_names_are_in_no_text() -> None:
    assert mentioning({"it": "", "other": "- text -"}, set()) == ()


KEY = Fernet.generate_key().decode()
OVERRIDES = Overrides(
    {
        "warehouse": ConnectionOverride("postgres", host="db.staging"),
        "same_host": ConnectionOverride("postgres", host="db.prod", login="staging"),
        "own": ConnectionOverride("http", host="api.staging"),
    },
    {"bucket": VariableOverride("staging")},
)


@pytest.fixture
def copy(postgres) -> str:
    url = make_copy(postgres, "3.3.2")
    connections = {
        "warehouse": ("db.prod", None),
        "replica": ("DB.prod:5433", None),
        "same_host": ("db.prod", None),
        "lake": (None, {"role_arn": "arn:aws:iam::123456789012:role/x"}),
        "jobs": (None, {"spark_url": "spark://db.prod:7077"}),
        "here": ("localhost", {"region": "eu"}),
        "own": ("api.prod", None),
    }
    variables = {
        "bucket": "arn:aws:s3::123456789012:prod",
        "address": "https://api.prod/v2",
        "sealed": "db.prod",
        "other": "localhost",
    }
    with connected(url) as connection:
        for conn_id, (host, extra) in connections.items():
            text = extra and Fernet(KEY).encrypt(json.dumps(extra).encode()).decode()
            connection.execute(
                "insert into connection (conn_id, conn_type, host, extra, is_encrypted,"
                " is_extra_encrypted) values (%s, 'x', %s, %s, false, %s)",
                [conn_id, host, text, text is not None],
            )
        for key, value in variables.items():
            is_encrypted = key == "sealed"
            text = Fernet(KEY).encrypt(value.encode()).decode() if is_encrypted else value
            connection.execute(
                "insert into variable (key, val, is_encrypted) values (%s, %s, %s)",
                [key, text, is_encrypted],
            )
    return url


def test_what_still_leads_there_is_listed_by_name(copy) -> None:
    report = neutralised(copy, old_fernet_key=KEY, overrides=OVERRIDES)
    assert report.connections == ("jobs", "lake", "replica", "same_host")
    assert report.variables == ("address", "sealed")
    printed = "\n".join(report.lines())
    assert "  replica" in printed.splitlines()
    assert not {"db.prod", "api.prod", "123456789012"} & set(printed.replace("/", " ").split())


def test_a_second_run_does_not_take_the_overrides_for_the_old_environment(copy) -> None:
    neutralised(copy, old_fernet_key=KEY, overrides=OVERRIDES)
    report = neutralised(copy, old_fernet_key=KEY, overrides=OVERRIDES)
    assert "warehouse" not in report.connections
    assert "own" not in report.connections
    assert "lake" in report.connections


def test_what_no_key_reads_is_not_told_but_emptied(copy) -> None:
    report = neutralised(copy)
    assert report.connections == ("own", "replica", "same_host", "warehouse")
    assert "connection lake (extra)" in report.emptied
