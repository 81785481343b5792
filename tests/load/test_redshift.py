"""What only Redshift has: COPY and INSERT, names in lower case, S3, and its errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.load.loaded_redshift import LoadedRedshift
from tests.load.singer import (
    BOOLEAN,
    INTEGER,
    JSON,
    MOMENTS,
    NUMBER,
    STATE,
    TEXT,
    TIMESTAMP,
    Row,
    batch,
    parquet,
    record,
    schema,
    whole,
)
from tests.stand_ins.redshift import BUCKET, PREFIX, ROLE, USER, RedshiftStandIn
from warehouse_targets.errors import (
    InputError,
    LoadError,
    TargetSettingsError,
    WarehouseRefusedError,
    WarehouseUnavailableError,
)

PROPERTIES = {"Id": INTEGER, "Note": TEXT}
BEGIN = schema("T", PROPERTIES, key=["Id"], mode="merge")


@pytest.fixture
def warehouse(redshift_warehouse: LoadedRedshift) -> LoadedRedshift:
    return redshift_warehouse


@pytest.fixture
def load(warehouse: LoadedRedshift, tmp_path: Path) -> Callable[..., None]:
    def load(*rows: Row, number: int = 0, **changed: Any) -> None:
        file = parquet(tmp_path / "spool", PROPERTIES, rows, MOMENTS[number])
        changed_warehouse = replace(warehouse, changed=changed)
        changed_warehouse.load(BEGIN, batch("T", file), whole("T", MOMENTS[number]), STATE)

    return load


pytestmark = pytest.mark.stand_in
ONE = {"Id": 1, "Note": "x"}


@pytest.mark.parametrize(
    "changed",
    [{}, {"copy_role_arn": None}, {"copy_role_arn": None, "s3_staging_url": None}],
    ids=["role", "keys", "insert"],
)
def test_rows_arrive_alike_in_every_way(
    warehouse: LoadedRedshift, tmp_path: Path, changed: dict[str, Any]
) -> None:
    properties = {"id": INTEGER, "t": TEXT, "j": JSON, "n": NUMBER, "b": BOOLEAN, "at": TIMESTAMP}
    rows = [
        {"id": 2**63 - 1, "t": 'it\'s \\ "q" {} %s ;\n\t\\n', "j": {"a": [1, "ü"]}, "n": 0.1},
        {"id": -(2**63), "t": "日本語 🦆" * 9000, "n": 1e300, "b": True, "at": MOMENTS[1]},
        {"id": 0, "t": "", "n": -2.5, "b": False},
        {"id": 1},
    ]
    warehouse = replace(warehouse, changed=changed)
    for moment in MOMENTS[:2]:
        file = parquet(tmp_path / "spool", properties, rows, moment)
        begin = schema("t", properties, key=["id"], mode="merge")
        warehouse.load(begin, batch("t", file), whole("t", moment), STATE)
    long = rows[1]["t"].encode()
    note = f" … [cut by target-redshift: {len(long)} bytes]"
    cut = long[: 65535 - len(note.encode())].decode(errors="ignore") + note
    assert warehouse.rows("t") == [
        (-(2**63), cut, None, 1e300, True, MOMENTS[1], MOMENTS[1], None),
        (0, "", None, -2.5, False, None, MOMENTS[1], None),
        (1, None, None, None, None, None, MOMENTS[1], None),
        (2**63 - 1, rows[0]["t"], '{"a": [1, "ü"]}', 0.1, None, None, MOMENTS[1], None),
    ]
    assert warehouse.traces() == []


def test_a_certificate_that_is_known_is_checked(
    load: Callable[..., None], warehouse: LoadedRedshift
) -> None:
    load(ONE, sslmode="verify-full", sslrootcert=str(warehouse.stand_in.certificate))
    assert warehouse.rows("t") == [(1, "x", MOMENTS[0], None)]


def test_insert_says_that_it_is_slow(
    load: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    load(ONE, s3_staging_url=None, copy_role_arn=None)
    assert "TARGET_REDSHIFT_S3_STAGING_URL" in caplog.text


def test_names_are_folded_to_lower_case(
    load: Callable[..., None], warehouse: LoadedRedshift
) -> None:
    load(ONE)
    load({"Id": 1, "Note": "y"}, number=1)
    assert warehouse.tables() == [("airflow_test", "t")]
    assert [name for name, _ in warehouse.columns("T")][:2] == ["id", "note"]
    assert warehouse.rows("T", ["Id", '"Note"']) == [(1, "y")]


@pytest.mark.parametrize("mode", ["merge", "mirror", "append"])
def test_rows_are_replaced_in_one_transaction_without_truncate(
    warehouse: LoadedRedshift, tmp_path: Path, mode: str
) -> None:
    begin = schema("t", {"id": INTEGER}, key=["id"], mode=mode)
    said = len(warehouse.stand_in.statements())
    for moment in MOMENTS[:2]:
        file = parquet(tmp_path / "spool", {"id": INTEGER}, [{"id": 1}], moment)
        warehouse.load(begin, batch("t", file), STATE)
    statements = warehouse.stand_in.statements()[said:]
    assert not [sql for sql in statements if "truncate" in sql.lower()]
    replaced = [
        index
        for index, sql in enumerate(statements)
        if re.match(r'DELETE FROM "airflow_test"\."t"', sql)
    ]
    assert len(replaced) == 2
    for index in replaced:
        # psycopg2 sends both, which end with a semicolon, in one message.
        begun, moved, ended = statements[index - 1 : index + 2]
        assert (begun, ended) == ("BEGIN", "COMMIT")
        assert re.search(r';\s*INSERT INTO "airflow_test"\."t"', moved)


def test_a_table_that_gets_no_rows_costs_nothing(
    load: Callable[..., None], warehouse: LoadedRedshift
) -> None:
    load(ONE)
    said = len(warehouse.stand_in.statements())
    load(number=1)
    assert not [
        sql
        for sql in warehouse.stand_in.statements()[said:]
        if re.match(r"\s*(COPY|CREATE|DELETE|INSERT)", sql)
    ]
    assert warehouse.rows("t", ["id", "_sdc_deleted_at"]) == [(1, MOMENTS[1])]


def test_files_that_killed_loads_left_in_s3_are_removed(
    load: Callable[..., None], warehouse: LoadedRedshift, redshift_stand_in: RedshiftStandIn
) -> None:
    prefix = f"{PREFIX}/{warehouse.database}"
    old = f"{prefix}/{warehouse.leftover_schema}/a/1.parquet"
    others = [
        f"{prefix}/airflow_test__loading_29990101t000000_0123abcd/1.parquet",
        f"{prefix}/airflow_other__loading_20200101t000000_0123abcd/1.parquet",
        f"{prefix}/mine.parquet",
    ]
    for key in (old, *others):
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x")
    load(ONE)
    assert redshift_stand_in.objects(prefix) == sorted(others)


def test_files_that_may_not_be_removed_are_told_of(
    load: Callable[..., None],
    redshift_stand_in: RedshiftStandIn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, value in redshift_stand_in.aws_environment("keeper").items():
        monkeypatch.setenv(name, value)
    load(ONE)
    assert re.search(r"__loading_\w+ could not be removed. Allow s3:DeleteObject", caplog.text)


def test_long_text_in_a_key_is_refused_before_anything_is_written(
    warehouse: LoadedRedshift,
) -> None:
    with pytest.raises(InputError, match=r"later\.id: a text of this key column"):
        warehouse.load(
            schema("first", {"id": INTEGER}, key=["id"], mode="merge"),
            record("first", {"id": 1}),
            schema("later", {"id": TEXT}, key=["id"], mode="merge"),
            record("later", {"id": "x" * 65536}),
            STATE,
        )
    assert warehouse.tables() == []
    assert warehouse.traces() == []


MISSING_ROLE = ROLE.replace("copy", "missing")


@pytest.mark.parametrize(
    ("changed", "kind", "said"),
    [
        ({"password": "wrong"}, WarehouseRefusedError, "password auth.*TARGET_REDSHIFT_PASSWORD"),
        ({"user": "nobody"}, WarehouseRefusedError, "TARGET_REDSHIFT_USER"),
        ({"database": "missing"}, WarehouseRefusedError, "TARGET_REDSHIFT_DATABASE"),
        ({"port": 1}, WarehouseUnavailableError, "refused.*TARGET_REDSHIFT_HOST"),
        ({"host": "missing.invalid"}, WarehouseUnavailableError, "TARGET_REDSHIFT_HOST"),
        ({"sslmode": "verify-full"}, WarehouseRefusedError, "TARGET_REDSHIFT_SSLMODE"),
        ({"sslrootcert": "system"}, WarehouseRefusedError, "TARGET_REDSHIFT_SSLROOTCERT"),
        ({"s3_staging_url": "s3://missing/x"}, WarehouseRefusedError, "s3://missing/x: .*Denied"),
        ({"copy_role_arn": MISSING_ROLE}, WarehouseRefusedError, "assume.*COPY_ROLE_ARN"),
    ],
)
def test_login_and_settings_that_are_wrong(
    load: Callable[..., None],
    warehouse: LoadedRedshift,
    changed: dict[str, Any],
    kind: type[LoadError],
    said: str,
) -> None:
    with pytest.raises(kind, match=said) as caught:
        load(ONE, **changed)
    assert "\n" not in str(caught.value)
    assert warehouse.tables() in ([], [("airflow_test", "t")])
    assert all(warehouse.rows(table) == [] for _, table in warehouse.tables())
    assert warehouse.traces() == []


def test_user_of_s3_without_permission(
    load: Callable[..., None], redshift_stand_in: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in redshift_stand_in.aws_environment("nobody").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WarehouseRefusedError, match=r"Access Denied.*permissions"):
        load(ONE)


def test_no_credentials_of_aws(
    load: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(
        TargetSettingsError, match=r"no credentials of AWS were found.*AWS_ACCESS_KEY_ID"
    ):
        load(ONE)


def test_s3_is_not_reached(load: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(WarehouseUnavailableError, match="Check that this machine reaches S3"):
        load(ONE)


def test_missing_grants(
    load: Callable[..., None], warehouse: LoadedRedshift, redshift_stand_in: RedshiftStandIn
) -> None:
    with redshift_stand_in.connect_behind(warehouse.database) as owner:
        owner.execute(f"revoke create on database {warehouse.database} from {USER}")
        with pytest.raises(WarehouseRefusedError, match=r"permission denied .*redshift-setup\.sql"):
            load(ONE)
        owner.execute(f"grant create on database {warehouse.database} to {USER}")
        load(ONE)
        owner.execute("alter table airflow_test.t owner to postgres")
        with pytest.raises(WarehouseRefusedError, match=r"already exists.*its owner"):
            load({"Id": 1, "Note": "y"}, number=1)
        owner.execute(f"grant select on airflow_test.t to {USER}")
        with pytest.raises(WarehouseRefusedError, match=r"table T: permission denied .*Grant it"):
            load({"Id": 1, "Note": "y"}, number=1)
        owner.execute(f"alter table airflow_test.t owner to {USER}")
    assert warehouse.rows("t", ["note"]) == [("x",)]
    assert warehouse.traces() == []


def test_a_lock_is_waited_for_only_so_long(
    load: Callable[..., None],
    warehouse: LoadedRedshift,
    redshift_stand_in: RedshiftStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(ONE)
    monkeypatch.setattr("warehouse_targets.redshift_warehouse._LONGEST_STATEMENT_MINUTES", 0.03)
    with redshift_stand_in.connect_behind(warehouse.database) as other, other.transaction():
        other.execute("lock table airflow_test.t in share mode")
        with pytest.raises(WarehouseUnavailableError, match=r"timeout.*STV_LOCKS.*again"):
            load({"Id": 1, "Note": "y"}, number=1)
    assert warehouse.rows("t", ["note"]) == [("x",)]
    assert warehouse.traces() == []


def test_secrets_are_not_told(warehouse: LoadedRedshift) -> None:
    _, secret = warehouse.stand_in.keys["loader"]
    password = "Wrong-Secret-2"  # noqa: S105
    copied = replace(warehouse, changed={"copy_role_arn": None, "s3_staging_url": f"s3://{BUCKET}"})
    refused = replace(warehouse, changed={"password": password})
    for changed in (copied, refused):
        run = changed.run(BEGIN, record("T", ONE), STATE)
        assert run.returncode == 78
        assert "Traceback" not in run.stderr
        assert secret not in run.stderr
        assert password not in run.stderr
        assert len([line for line in run.stderr.splitlines() if "| ERROR" in line]) == 1
