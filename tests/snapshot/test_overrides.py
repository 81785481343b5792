"""Files of overrides: what they may say, what they are told when it is wrong, what is written."""

from __future__ import annotations

import json

import pytest

from airflow_snapshot.errors import SnapshotSettingsError
from airflow_snapshot.overrides import (
    ConnectionOverride,
    Overrides,
    VariableOverride,
    read_overrides,
)
from tests.real_airflow.postgres import execute
from tests.snapshot.airflow_copies import content, make_copy, neutralised, rows


@pytest.fixture
def read(tmp_path):
    def read_text(text: str, **environ: str) -> Overrides:
        path = tmp_path / "staging.yaml"
        path.write_text(text, encoding="utf-8")
        return read_overrides(path, environ)

    return read_text


def test_every_shape(read) -> None:
    overrides = read(
        """
        connections:
          whole:
            conn_type: postgres
            description: the warehouse
            host: db.staging
            schema: marts
            login: airflow
            password: "p@ss"
            port: 5433
            extra: {sslmode: require, n: 1}
          uri: postgresql://user:p%40ss@Db.Staging:5434/marts?sslmode=require
          extra_text: {conn_type: aws, extra: '{"region_name": "eu-west-1"}'}
          gone: null
        variables:
          plain: some text
          number: 5
          flag: true
          list: [1, 2]
          told: {value: {a: [b]}, description: why}
          gone: null
        """
    )
    assert overrides.connections == {
        "whole": ConnectionOverride(
            conn_type="postgres",
            description="the warehouse",
            host="db.staging",
            schema="marts",
            login="airflow",
            password="p@ss",
            port=5433,
            extra='{"sslmode": "require", "n": 1}',
        ),
        "uri": ConnectionOverride(
            conn_type="postgres",
            host="Db.Staging",
            schema="marts",
            login="user",
            password="p@ss",
            port=5434,
            extra='{"sslmode": "require"}',
        ),
        "extra_text": ConnectionOverride("aws", extra='{"region_name": "eu-west-1"}'),
        "gone": None,
    }
    assert overrides.variables == {
        "plain": VariableOverride("some text"),
        "number": VariableOverride("5"),
        "flag": VariableOverride("true"),
        "list": VariableOverride("[1, 2]"),
        "told": VariableOverride('{"a": ["b"]}', "why"),
        "gone": None,
    }


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("google-cloud-platform://", ConnectionOverride("google_cloud_platform")),
        ("http://https://api.staging:8443/v1", {"host": "https://api.staging", "port": 8443}),
        ("http://user:secret@https://api.staging", None),
        ("http://https://api.staging/v1?next=https://x.staging", None),
        ("PostgreSQL://h", ConnectionOverride("postgres", host="h")),
        ("mysql://:pw@h/a%2Fb?x=1&y=", {"password": "pw", "extra": '{"x": "1", "y": ""}'}),
        ("postgres://db%2Fa", ConnectionOverride("postgres", host="db/a")),
        ("postgres://[::1]:5432/x", {"host": "::1", "port": 5432, "schema": "x"}),
        ("aws://?__extra__=%7B%22a%22%3A+%7B%22b%22%3A+1%7D%7D", {"extra": '{"a": {"b": 1}}'}),
        ("http://?endpoint=https://x.staging", {"extra": '{"endpoint": "https://x.staging"}'}),
    ],
)
def test_uris(read, uri, expected) -> None:
    text = json.dumps({"connections": {"it": uri}})
    if expected is None:
        with pytest.raises(SnapshotSettingsError, match="connection it: it is no URI"):
            read(text)
        return
    connection = read(text).connections["it"]
    assert connection is not None
    if isinstance(expected, ConnectionOverride):
        assert connection == expected
    else:
        assert {name: getattr(connection, name) for name in expected} == expected


def test_names_of_the_environment(read) -> None:
    overrides = read(
        """
        connections:
          uri: postgres://user:${PASSWORD}@db.${STAGE}:${PORT}/x
          whole_uri: ${URI}
          fields: {conn_type: x, password: "${PASSWORD}", port: "${PORT}", extra: {a: ["${STAGE}"]}}
          json: {conn_type: x, extra: '{"stage": "${STAGE}"}'}
        variables:
          one: ${STAGE}-${STAGE}
          told: {value: ["${STAGE}"], description: "${STAGE}"}
          literal: $${STAGE} costs $5
        """,
        PASSWORD="p@:/ss",
        STAGE="staging",
        PORT="5433",
        URI="postgres://me:p%40ss@db.staging",
    )
    uri = overrides.connections["uri"]
    assert (uri.password, uri.host, uri.port) == ("p@:/ss", "db.staging", 5433)
    assert overrides.connections["whole_uri"].password == "p@ss"
    fields = overrides.connections["fields"]
    assert (fields.password, fields.port, fields.extra) == ("p@:/ss", 5433, '{"a": ["staging"]}')
    assert overrides.connections["json"].extra == '{"stage": "staging"}'
    assert overrides.variables == {
        "one": VariableOverride("staging-staging"),
        "told": VariableOverride('["staging"]', "staging"),
        "literal": VariableOverride("${STAGE} costs $5"),
    }


SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("connections: {a: ${NO_SUCH}}", "is no YAML at line 1"),
        ("connections: {a: '${NO_SUCH}'}", "connection a: NO_SUCH is not set in the environment"),
        ("variables: {a: 'x ${NO_SUCH}'}", "variable a: NO_SUCH is not set in the environment"),
        ("connection: {}", "unknown connection; known are connections, variables"),
        ("[1]", "has to be a mapping"),
        ("connections: [a]", "connections has to be a mapping"),
        ("connections: {a: 5}", "connection a has to be a mapping"),
        ("connections: {1: x://}", "connection 1: its name has to be a string"),
        ("connections: {a: {host: hunter2}}", "connection a: conn_type is missing"),
        ("connections: {a: {conn_type: ''}}", "connection a: conn_type is missing"),
        ("connections: {a: {conn_type: x, pasword: hunter2}}", "connection a: unknown pasword;"),
        ("connections: {a: {conn_type: x, host: 5}}", "connection a: host has to be a string"),
        ("connections: {a: {conn_type: x, port: hunter2}}", "connection a: port has to be"),
        ("connections: {a: {conn_type: x, port: 65536}}", "connection a: port has to be"),
        ("connections: {a: {conn_type: x, port: true}}", "connection a: port has to be"),
        ("connections: {a: {conn_type: x, extra: hunter2}}", "connection a: extra has to be"),
        ("connections: {a: {conn_type: x, extra: '[1]'}}", "connection a: extra has to be"),
        ("connections: {a: {conn_type: x, extra: {b: 2026-01-01}}}", "connection a: it holds what"),
        ("connections: {a: hunter2}", "connection a: it is no URI"),
        ("connections: {a: 'x://h:hunter2'}", "connection a: it is no URI"),
        ("variables: {a: {values: hunter2}}", "variable a: unknown values;"),
        ("variables: {a: {description: hunter2}}", "variable a: value is missing"),
        ("variables: {a: 2026-01-01}", "variable a: it holds what JSON cannot"),
        ("a: [hunter2\nb: }", "is no YAML at line 2"),
    ],
)
def test_what_is_wrong_is_named_and_never_repeated(read, text, error) -> None:
    with pytest.raises(SnapshotSettingsError) as caught:
        read(text)
    assert error in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(SnapshotSettingsError, match=r"none\.yaml cannot be read: No such file"):
        read_overrides(tmp_path / "none.yaml", {})


def test_an_empty_file_overrides_nothing(read) -> None:
    assert read("") == read("connections:\nvariables:\n") == Overrides({}, {})


@pytest.mark.parametrize("version", ["2.4.3", "2.11.0", "3.1.5", "3.3.2", "3.4.0b2"])
def test_they_replace_create_and_delete(postgres, read, version) -> None:
    url = make_copy(postgres, version)
    connection = (
        "insert into connection (conn_id, conn_type, description, host, login, password, extra,"
        " port, is_encrypted, is_extra_encrypted) values"
    )
    variable = "insert into variable (key, val, description, is_encrypted) values"
    execute(
        url,
        f"{connection} ('warehouse', 'mysql', 'ours', 'old', 'me', 'old', '{{}}', 1, true, true)",
        f"{connection} ('gone', 'mysql', null, 'old', null, null, null, null, false, false)",
        f"{connection} ('kept', 'mysql', 'x', 'kept', null, 'kept', null, 7, false, false)",
        f"{variable} ('bucket', 'old', 'ours', true), ('gone', 'old', null, false),"
        " ('kept', 'kept', 'x', false)",
    )
    report = neutralised(
        url,
        overrides=read(
            """
            connections:
              warehouse: {conn_type: postgres, host: new, password: new}
              created: postgres://created
              gone: null
              never_there: null
            variables: {bucket: new, created: {value: new, description: told}, gone: null}
            """
        ),
    )
    assert rows(
        url,
        "select conn_id, conn_type, description, host, login, password, extra, port,"
        " is_encrypted, is_extra_encrypted from connection order by 1",
    ) == [
        ("created", "postgres", None, "created", None, None, None, None, False, False),
        ("kept", "mysql", "x", "kept", None, "kept", None, 7, False, False),
        ("warehouse", "postgres", "ours", "new", None, "new", None, None, False, False),
    ]
    assert rows(url, "select key, val, description, is_encrypted from variable order by 1") == [
        ("bucket", "new", "ours", False),
        ("created", "new", "told", False),
        ("kept", "kept", "x", False),
    ]
    changes = {(change.sentence, change.rows) for change in report.changes}
    assert {
        ("deleted each connection that the overrides delete", 1),
        ("set each connection that the overrides name", 2),
        ("deleted each variable that the overrides delete", 1),
        ("set each variable that the overrides name", 2),
    } <= changes


def test_a_wrong_file_is_found_before_anything_is_written(postgres, read) -> None:
    url = make_copy(postgres, "3.3.2")
    before = content(url)
    with pytest.raises(SnapshotSettingsError):
        neutralised(url, overrides=read("connections: {a: {host: x}}"))
    assert content(url) == before
