"""What only Snowflake has: its logins, its staging, its statements, and its errors."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.load.loaded_snowflake import LoadedSnowflake
from tests.load.singer import INTEGER, JSON, MOMENTS, STATE, TEXT, batch, parquet, schema, whole
from tests.stand_ins.snowflake import EXPIRED_TOKEN, LOGIN, PASSWORD, TOKEN, SnowflakeStandIn
from warehouse_targets.errors import (
    EXIT_FINAL,
    EXIT_RETRYABLE,
    LoadError,
    TargetSettingsError,
    WarehouseRefusedError,
    WarehouseUnavailableError,
)
from warehouse_targets.snowflake_warehouse import SnowflakeWarehouse
from warehouse_targets.target_snowflake import SnowflakeTarget

# Without a word of DDL, which dlt treats otherwise wherever it stands.
PROPERTIES = {"id": INTEGER, "note": TEXT}
ROWS = [{"id": 1, "note": "x"}, {"id": 2, "note": "y"}]
SETTINGS = {**LOGIN, "database": "raw", "default_target_schema": "airflow_test"}


def _messages(folder: Path, mode: str = "merge", rows: Any = ROWS, sync: int = 0) -> list[str]:
    file = parquet(folder / "spool", PROPERTIES, rows, MOMENTS[sync])
    return [
        schema("t", PROPERTIES, key=["id"], mode=mode),
        batch("t", file),
        whole("t", MOMENTS[sync]),
        STATE,
    ]


def _statements(stand_in: SnowflakeStandIn) -> list[str]:
    return [entry["statement"] for entry in stand_in.log() if "statement" in entry]


def test_about_lists_the_settings() -> None:
    command = str(Path(sys.executable).with_name("target-snowflake"))
    about = json.loads(subprocess.check_output([command, "--about", "--format=json"], text=True))
    assert sorted(about["settings"]["properties"]) == sorted(
        [
            *SETTINGS,
            *("password", "private_key", "private_key_path", "private_key_passphrase"),
            *("oauth_token", "batch_size_rows", "validate_records"),
        ]
    )
    assert sorted(about["settings"]["required"]) == sorted(SETTINGS)
    secrets = {"password", "private_key", "private_key_passphrase", "oauth_token"}
    properties = about["settings"]["properties"]
    assert {name for name in properties if properties[name].get("secret")} == secrets


def test_heavy_libraries_wait_until_they_are_needed() -> None:
    code = (
        "import sys, warehouse_targets.target_snowflake;"
        "sys.exit(' '.join({'dlt', 'snowflake', 'pyarrow'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.strip() == ""


KEY_LINES = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "exactly one of password, .*none is set"),
        ({"password": "x", "oauth_token": "x"}, "password and oauth_token is set"),
        ({"password": "x", "account": "https://o-a.snowflakecomputing.com"}, "^account: "),
        ({"password": "x", "account": "o-a.snowflakecomputing.com"}, "^account: "),
        ({"private_key": "x"}, "^private_key is no private key in PEM"),
        ({"private_key": KEY_LINES}, "^private_key is no private key in PEM"),
        ({"private_key_path": "/nowhere/key.pem"}, "^private_key_path: /nowhere/key.pem cannot"),
    ],
)
def test_settings_that_cannot_be(changed: dict[str, str], expected: str) -> None:
    with pytest.raises(TargetSettingsError, match=expected) as caught:
        SnowflakeTarget(config=SETTINGS | changed)
    assert "MIIB" not in str(caught.value)


@pytest.mark.parametrize(
    "account", ["organization-account", "xy12345.eu-central-1", "o-a.privatelink"]
)
def test_accounts_that_can_be(account: str) -> None:
    SnowflakeTarget(config=SETTINGS | {"account": account, "password": "x"})


def _encrypted(pem: str) -> str:
    key = load_pem_private_key(pem.encode(), None)
    encryption = BestAvailableEncryption(b"open sesame")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def _logins(stand_in: SnowflakeStandIn, folder: Path) -> dict[str, dict[str, str]]:
    pem = stand_in.private_key
    file = folder / "key.pem"
    file.write_text(_encrypted(pem))
    return {
        "password": {"password": PASSWORD},
        "key": {"private_key": pem},
        "key in one line": {"private_key": pem.replace("\n", "\\n")},
        "encrypted key in a file": {
            "private_key_path": str(file),
            "private_key_passphrase": "open sesame",
        },
        "token": {"oauth_token": TOKEN},
    }


@pytest.mark.stand_in
@pytest.mark.parametrize(
    "kind", ["password", "key", "key in one line", "encrypted key in a file", "token"]
)
def test_logins(snowflake_warehouse: LoadedSnowflake, tmp_path: Path, kind: str) -> None:
    snowflake_warehouse.login = _logins(snowflake_warehouse.stand_in, tmp_path)[kind]
    snowflake_warehouse.load(*_messages(tmp_path))
    assert snowflake_warehouse.rows("t", ["id"]) == [(1,), (2,)]


@pytest.mark.stand_in
def test_passphrase_is_wrong(snowflake_warehouse: LoadedSnowflake) -> None:
    snowflake_warehouse.login = {
        "private_key": _encrypted(snowflake_warehouse.stand_in.private_key),
        "private_key_passphrase": "close sesame",
    }
    with pytest.raises(
        TargetSettingsError, match="or private_key_passphrase is not its passphrase"
    ):
        snowflake_warehouse.load(STATE)


@pytest.mark.stand_in
def test_what_is_on_its_way_costs_no_storage_that_stays(
    snowflake_warehouse: LoadedSnowflake, tmp_path: Path
) -> None:
    stand_in = snowflake_warehouse.stand_in
    stand_in.log()
    snowflake_warehouse.load(*_messages(tmp_path))
    statements = _statements(stand_in)
    made = [s for s in statements if re.match("create (transient )?schema", s, re.IGNORECASE)]
    [staging] = [re.search('"[^"]*__LOADING_[^"]*"', s)[0] for s in made if "__LOADING" in s]
    assert f"create transient schema {staging} data_retention_time_in_days = 0" in made
    assert [s for s in made if "AIRFLOW_TEST" in s and "__LOADING" not in s] == [
        'CREATE SCHEMA "AIRFLOW_TEST"'
    ]
    for statement in statements:
        if statement.startswith("PUT"):
            assert f'@{staging}."FILES"' in statement.replace(".FILES", '."FILES"')
    assert snowflake_warehouse.traces() == []


@pytest.mark.stand_in
def test_a_session_says_what_it_is_for(
    snowflake_warehouse: LoadedSnowflake, tmp_path: Path
) -> None:
    stand_in = snowflake_warehouse.stand_in
    stand_in.log()
    snowflake_warehouse.load(*_messages(tmp_path))
    sessions = [entry["parameters"] for entry in stand_in.log() if "login" in entry]
    assert sessions
    assert {session["QUERY_TAG"] for session in sessions} == {"airflow_audit"}
    assert {session["TIMESTAMP_INPUT_FORMAT"] for session in sessions} == {"AUTO"}


def _moves(statements: list[str]) -> list[str]:
    """What changes rows of the table, and the bounds of transactions."""
    kept = ("MERGE", "INSERT", "DELETE", "UPDATE", "TRUNCATE", "COMMIT", "ALTER SESSION", "DROP")
    found = [" ".join(s.split()[:4]) for s in statements if s.upper().startswith(kept)]
    return [s for s in found if "__LOADING" not in s]


@pytest.mark.stand_in
def test_a_mirror_is_replaced_in_one_statement(
    snowflake_warehouse: LoadedSnowflake, tmp_path: Path
) -> None:
    """TRUNCATE and DDL end a transaction, and a table that is made anew has lost its grants."""
    snowflake_warehouse.load(*_messages(tmp_path, "mirror"))
    stand_in = snowflake_warehouse.stand_in
    stand_in.log()
    snowflake_warehouse.load(*_messages(tmp_path, "mirror", ROWS[:1], sync=1))
    changes = [s for s in _statements(stand_in) if re.search(r'"AIRFLOW_TEST"\."T"', s)]
    changes = [s for s in changes if not s.startswith("SELECT")]
    assert [s.split('"')[0] for s in changes] == ["INSERT OVERWRITE INTO "]
    assert snowflake_warehouse.rows("t", ["id"]) == [(1,)]


@pytest.mark.stand_in
def test_versions_of_a_moment_are_replaced_in_one_transaction(
    snowflake_warehouse: LoadedSnowflake, tmp_path: Path
) -> None:
    stand_in = snowflake_warehouse.stand_in
    snowflake_warehouse.load(*_messages(tmp_path, "append"))
    stand_in.log()
    snowflake_warehouse.load(*_messages(tmp_path, "append", sync=1))
    moves = _moves(_statements(stand_in))
    begun = moves.index('DELETE FROM "AIRFLOW_TEST"."T" AS')
    assert moves[begun - 1 : begun + 4] == [
        "ALTER SESSION SET autocommit=False",
        'DELETE FROM "AIRFLOW_TEST"."T" AS',
        moves[begun + 1],
        "COMMIT",
        "ALTER SESSION SET autocommit=True",
    ]
    assert moves[begun + 1].startswith('INSERT INTO "AIRFLOW_TEST"."T"')


@pytest.mark.stand_in
def test_times_have_the_offset_of_utc(snowflake_warehouse: LoadedSnowflake, tmp_path: Path) -> None:
    """Of TIMESTAMP_LTZ the day is that of the session that asks; the stand-in knows one type."""
    stand_in = snowflake_warehouse.stand_in
    stand_in.log()
    snowflake_warehouse.load(*_messages(tmp_path))
    made = [s for s in _statements(stand_in) if s.startswith("CREATE TABLE")]
    assert made
    for statement in made:
        assert '"_SDC_EXTRACTED_AT" TIMESTAMP_TZ' in statement


@pytest.mark.stand_in
def test_json_is_text(snowflake_warehouse: LoadedSnowflake, tmp_path: Path) -> None:
    properties = {"id": INTEGER, "conf": JSON}
    file = parquet(tmp_path / "spool", properties, [{"id": 1, "conf": {"a": 1}}], MOMENTS[0])
    snowflake_warehouse.load(
        schema("t", properties, key=["id"], mode="merge"), batch("t", file), STATE
    )
    assert ("conf", "text") in snowflake_warehouse.columns("t")
    query = "select try_parse_json(conf):a::bigint from t"
    assert snowflake_warehouse.query(query) == [(1,)]


def _refused(warehouse: LoadedSnowflake, folder: Path) -> LoadError:
    """The error that a load ends with, soon, and which leaves nothing and loses nothing."""
    messages = _messages(folder)
    begun = time.monotonic()
    with pytest.raises(LoadError) as caught:
        warehouse.load(*messages)
    assert time.monotonic() - begun < 30
    assert PASSWORD not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list((folder / "spool").iterdir())
    return caught.value


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("login", "said"),
    [
        ({"password": "wrong"}, "Incorrect username or password.*TARGET_SNOWFLAKE_PASSWORD"),
        ({"user": "nobody", "password": PASSWORD}, "Incorrect username.*TARGET_SNOWFLAKE_USER"),
        ({"oauth_token": "wrong"}, "Invalid OAuth access token.*TARGET_SNOWFLAKE_OAUTH_TOKEN"),
        ({"oauth_token": EXPIRED_TOKEN}, "token expired.*TARGET_SNOWFLAKE_OAUTH_TOKEN"),
        ({"password": PASSWORD, "role": "owner"}, "Role 'OWNER'.*TARGET_SNOWFLAKE_ROLE"),
        ({"password": PASSWORD, "database": "none"}, "database does.*TARGET_SNOWFLAKE_DATABASE"),
        ({"password": PASSWORD, "warehouse": "none"}, "warehouse.*TARGET_SNOWFLAKE_WAREHOUSE"),
        ({"password": PASSWORD, "role": "reader"}, "Insufficient privileges.*snowflake-setup.sql"),
    ],
)
def test_logins_and_rights_that_do_not_suffice(
    snowflake_warehouse: LoadedSnowflake, tmp_path: Path, login: dict[str, str], said: str
) -> None:
    snowflake_warehouse.login = login
    error = _refused(snowflake_warehouse, tmp_path)
    assert isinstance(error, WarehouseRefusedError)
    assert re.search(said, str(error))
    assert error.exit_code == EXIT_FINAL


@pytest.mark.stand_in
def test_another_key(snowflake_warehouse: LoadedSnowflake, tmp_path: Path) -> None:
    snowflake_warehouse.login = {
        "private_key": snowflake_warehouse.stand_in.private_key,
        "user": "somebody",
    }
    error = _refused(snowflake_warehouse, tmp_path)
    assert re.search("JWT token is invalid.*TARGET_SNOWFLAKE_PRIVATE_KEY", str(error))


@pytest.mark.stand_in
def test_the_warehouse_has_used_up_its_quota(
    snowflake_warehouse: LoadedSnowflake, tmp_path: Path
) -> None:
    snowflake_warehouse.login = {"password": PASSWORD, "warehouse": "exhausted"}
    error = _refused(snowflake_warehouse, tmp_path)
    assert isinstance(error, WarehouseUnavailableError)
    assert re.search("exceeded its quota.*Run the sync again when", str(error))
    assert error.exit_code == EXIT_RETRYABLE


LOCKED = (
    "Statement '01b2' has locked table 'T' in transaction 17 and this lock has not yet been"
    " released. Your statement '01b3' was aborted because the number of waiters for this lock"
    " exceeds the 20 statements limit."
)


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("pattern", "code", "sql_state", "message", "expected", "said"),
    [
        ("MERGE INTO", 625, "57014", LOCKED, WarehouseUnavailableError, "locked table 'T'"),
        (
            "COPY INTO",
            630,
            "57014",
            "Statement reached its statement or warehouse timeout of 10 second(s) and was canceled",
            WarehouseUnavailableError,
            "timeout of 10",
        ),
        (
            'CREATE TABLE "AIRFLOW_TEST"',
            3001,
            "42501",
            "SQL access control error:\nInsufficient privileges to operate on schema 'TEST'",
            WarehouseRefusedError,
            "snowflake-setup.sql",
        ),
        (
            "MERGE INTO",
            100090,
            "42P18",
            "Duplicate row detected during DML action",
            WarehouseRefusedError,
            "Duplicate row detected",
        ),
    ],
)
def test_statements_that_are_refused(
    snowflake_warehouse: LoadedSnowflake,
    tmp_path: Path,
    pattern: str,
    code: int,
    sql_state: str,
    message: str,
    expected: type[LoadError],
    said: str,
) -> None:
    stand_in = snowflake_warehouse.stand_in
    stand_in.fail(pattern, code, sql_state, message)
    try:
        error = _refused(snowflake_warehouse, tmp_path)
    finally:
        stand_in.fail_no_more()
    assert type(error) is expected
    assert said in str(error)
    assert snowflake_warehouse.traces() == []
    snowflake_warehouse.load(*_messages(tmp_path))
    assert snowflake_warehouse.rows("t", ["id"]) == [(1,), (2,)]


@pytest.mark.stand_in
def test_nobody_answers_halfway(
    snowflake_warehouse: LoadedSnowflake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse_targets.snowflake_warehouse._REQUEST_SECONDS", 3)
    stand_in = snowflake_warehouse.stand_in
    stand_in.fail("COPY INTO", 503, "", "")
    try:
        error = _refused(snowflake_warehouse, tmp_path)
    finally:
        stand_in.fail_no_more()
    assert isinstance(error, WarehouseUnavailableError)
    assert "organization-account cannot be reached" in str(error)


@pytest.mark.stand_in
def test_nobody_is_there(
    snowflake_warehouse: LoadedSnowflake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse_targets.snowflake_warehouse._LOGIN_SECONDS", 2)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    error = _refused(snowflake_warehouse, tmp_path)
    assert isinstance(error, WarehouseUnavailableError)
    assert re.search("cannot be reached.*TARGET_SNOWFLAKE_ACCOUNT", str(error))


@pytest.mark.stand_in
def test_the_command_shows_one_line(snowflake_warehouse: LoadedSnowflake, tmp_path: Path) -> None:
    snowflake_warehouse.login = {"password": "wrong"}
    run = snowflake_warehouse.run(*_messages(tmp_path))
    lines = [line for line in run.stderr.splitlines() if "| ERROR" in line]
    assert len(lines) == 1, run.stderr
    assert "Traceback" not in run.stderr
    assert (run.returncode, run.stdout) == (EXIT_FINAL, "")


@pytest.mark.parametrize(
    ("error", "expected", "said"),
    [
        (
            snowflake.connector.errors.HttpError(
                msg="404 Not Found: post o-a.snowflakecomputing.com:443", errno=290404
            ),
            WarehouseRefusedError,
            "There is no such account",
        ),
        (
            # As the driver raises it anew: with the general number of HTTP errors added twice.
            snowflake.connector.errors.ServiceUnavailableError(
                msg="290503: HTTP 503: Service Unavailable", errno=290503
            ),
            WarehouseUnavailableError,
            "cannot be reached",
        ),
        (
            snowflake.connector.errors.DatabaseError(
                msg="Incoming request with IP 192.0.2.1 is not allowed to access Snowflake.",
                errno=390422,
                sqlstate="08001",
            ),
            WarehouseRefusedError,
            "A network policy",
        ),
        (
            snowflake.connector.errors.ProgrammingError(
                msg="Uncaught exception of type 'STATEMENT_ERROR' on line 1 at position 0 : SQL"
                " access control error:\nInsufficient privileges to operate on schema 'X'",
                errno=100132,
                sqlstate="P0000",
            ),
            WarehouseRefusedError,
            "Grant it to the role",
        ),
        (
            snowflake.connector.errors.ProgrammingError(
                msg="Session no longer exists.", errno=390111, sqlstate="08003"
            ),
            WarehouseUnavailableError,
            "Run the sync again",
        ),
    ],
)
def test_errors_that_the_stand_in_does_not_make(
    error: snowflake.connector.Error, expected: type[LoadError], said: str
) -> None:
    account = SnowflakeWarehouse(SETTINGS | {"password": "x"}, "airflow_test")
    wrapped = RuntimeError("a job failed")
    wrapped.__cause__ = error
    explained = account.explain(wrapped)
    assert type(explained) is expected
    assert said in str(explained)
    assert account.explain(RuntimeError("a defect")) is None
