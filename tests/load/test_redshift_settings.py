"""Settings of target-redshift, and what errors of a real Redshift mean."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from dlt.destinations.exceptions import DatabaseTransientException

from warehouse_targets.errors import (
    DiskFullError,
    LoadError,
    TargetSettingsError,
    WarehouseRefusedError,
    WarehouseUnavailableError,
)
from warehouse_targets.insides_of_dlt import IdleConnections
from warehouse_targets.redshift_warehouse import RedshiftWarehouse
from warehouse_targets.target_redshift import RedshiftTarget

ROLE = "arn:aws:iam::123456789012:role/path/copy"
SETTINGS = {
    "host": "example",
    "user": "user",
    "password": "Password1",
    "database": "dev",
    "default_target_schema": "airflow-qwe123",
    "s3_staging_url": "s3://my.bucket-1/some/prefix/",
    "copy_role_arn": ROLE,
}


def test_settings_that_can_be() -> None:
    warehouse = RedshiftTarget(config=SETTINGS).make_warehouse()
    assert warehouse._staging_url == "s3://my.bucket-1/some/prefix"
    given = warehouse._destination("%s__x", IdleConnections()).config_params
    assert given["staging_iam_role"] == ROLE
    credentials = given["credentials"]
    query = credentials.pop("query")
    assert credentials == {
        "host": "example",
        "port": 5439,
        "username": "user",
        "password": "Password1",
        "database": "dev",
    }
    assert query["sslmode"] == "require"
    assert "sslrootcert" not in query


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"s3_staging_url": "bucket/x"}, "has to be like s3://bucket/prefix"),
        ({"s3_staging_url": "s3://bucket/it's"}, "has to be like s3://bucket/prefix"),
        ({"copy_role_arn": "role"}, "has to be like arn:aws:iam::123456789012:role/name"),
        ({"copy_role_arn": f"{ROLE}' x"}, "has to be like arn:aws:iam::123456789012:role/name"),
        ({"s3_staging_url": None}, "copy_role_arn serves to read files, so it needs s3_staging"),
        ({"sslmode": "disable"}, "'disable' is not one of"),
        # libpq would check nothing, and say nothing.
        ({"sslrootcert": "/missing.pem"}, r"sslrootcert: there is no file /missing\.pem"),
        ({"host": None}, "'host' is a required property"),
    ],
)
def test_settings_that_cannot_be(changed: dict[str, Any], said: str) -> None:
    settings = {**SETTINGS, **changed}
    with pytest.raises(TargetSettingsError, match=said):
        RedshiftTarget(config={name: value for name, value in settings.items() if value})


def test_about_lists_the_settings() -> None:
    command = str(Path(sys.executable).with_name("target-redshift"))
    told = subprocess.run([command, "--about", "--format=json"], capture_output=True, check=True)
    settings = json.loads(told.stdout)["settings"]
    assert sorted(settings["properties"]) == [
        "batch_size_rows",
        "copy_role_arn",
        "database",
        "default_target_schema",
        "host",
        "password",
        "port",
        "s3_staging_url",
        "sslmode",
        "sslrootcert",
        "user",
        "validate_records",
    ]
    assert all(setting["description"] for setting in settings["properties"].values())


def test_heavy_libraries_wait_until_they_are_needed() -> None:
    code = (
        "import sys, warehouse_targets.target_redshift;"
        "sys.exit(' '.join({'dlt', 'psycopg2', 's3fs', 'pyarrow'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.strip() == ""


WAREHOUSE = RedshiftWarehouse({**SETTINGS, "port": 5439}, "airflow_test")


def _caused_by(said: str, kind: type[psycopg2.Error] = psycopg2.InternalError) -> Exception:
    error = DatabaseTransientException(kind(said))
    error.__cause__ = error.dbapi_exception
    return error


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        # Words of Redshift that the stand-in has no occasion for.
        ("1023 DETAIL: Serializable isolation violation on table - 1", WarehouseUnavailableError),
        (
            "could not complete because of conflict with concurrent transaction",
            WarehouseUnavailableError,
        ),
        ("deadlock detected", WarehouseUnavailableError),
        ("Query (1) cancelled on user's request", WarehouseUnavailableError),
        ("too many connections for user loader", WarehouseUnavailableError),
        ("Query reached usage limit", WarehouseUnavailableError),
        ("the cluster is paused", WarehouseUnavailableError),
        (
            "S3ServiceException:The provided token has expired.,Status 400,Error ExpiredToken",
            WarehouseUnavailableError,
        ),
        (
            "S3ServiceException:The specified bucket does not exist,Status 404",
            WarehouseRefusedError,
        ),
        ("Disk Full", DiskFullError),
        ("Assert", WarehouseRefusedError),
    ],
)
def test_other_errors_of_redshift(said: str, kind: type[LoadError]) -> None:
    explained = WAREHOUSE.explain(_caused_by(said))
    assert type(explained) is kind
    assert said in str(explained)
    assert "example:5439/dev" in str(explained)


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("42501", WarehouseRefusedError, "Grant it as docs/warehouses/redshift-setup.sql"),
        ("42P07", WarehouseRefusedError, "Make TARGET_REDSHIFT_USER its owner"),
        ("40001", WarehouseUnavailableError, "Another session wrote the same tables"),
        ("40P01", WarehouseUnavailableError, "Another session wrote the same tables"),
        ("53100", DiskFullError, "Make room in the cluster"),
        ("57014", WarehouseUnavailableError, "see STV_LOCKS"),
        ("57P01", WarehouseUnavailableError, "x. Run the sync again"),
        ("42601", WarehouseRefusedError, "5439/dev: x"),
    ],
)
def test_a_code_says_more_than_words(code: str, kind: type[LoadError], said: str) -> None:
    explained = WAREHOUSE.explain(_caused_by("x", psycopg2.errors.lookup(code)))
    assert type(explained) is kind
    assert said in str(explained)


def test_a_connection_that_breaks_is_tried_again() -> None:
    said = "server closed the connection unexpectedly\n\tThis probably means\n"
    explained = WAREHOUSE.explain(_caused_by(said, psycopg2.OperationalError))
    assert type(explained) is WarehouseUnavailableError
    assert "\n" not in str(explained)


def test_a_defect_stays_one() -> None:
    assert WAREHOUSE.explain(ZeroDivisionError()) is None
