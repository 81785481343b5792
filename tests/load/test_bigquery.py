"""What only BigQuery has: its logins, its errors, what it is sent, and files through a bucket."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.load.loaded_bigquery import LoadedBigQuery
from tests.load.singer import INTEGER, MOMENTS, STATE, TEXT, batch, parquet, schema
from tests.stand_ins.bigquery import BUCKET, REGION
from warehouse_targets import bigquery_destination
from warehouse_targets.errors import (
    LoadError,
    TargetSettingsError,
    WarehouseRefusedError,
    WarehouseUnavailableError,
)
from warehouse_targets.target_bigquery import BigQueryTarget

PROPERTIES = {"id": INTEGER, "note": TEXT}
BEGIN = schema("t", PROPERTIES, key=["id"], mode="merge")
stand_in = pytest.mark.stand_in


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return parquet(tmp_path / "spool", PROPERTIES, [{"id": 1, "note": "x"}], MOMENTS[0])


@pytest.fixture
def warehouse(
    bigquery_warehouse: LoadedBigQuery, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LoadedBigQuery]:
    # As many tries, in less time.
    for name in ("_REQUEST_RETRY", "_JOB_RETRY"):
        patient = getattr(bigquery_destination, name)
        hasty = patient.with_timeout(2).with_delay(initial=0.1, maximum=0.5)
        monkeypatch.setattr(bigquery_destination, name, hasty)
    bigquery_warehouse.stand_in.requests()
    yield bigquery_warehouse
    bigquery_warehouse.stand_in.fail_no_more()


def _refused_settings(**settings: object) -> str:
    config = {"project": "p", "default_target_schema": "airflow_x", "credentials": "{}", **settings}
    given = {name: value for name, value in config.items() if value is not None}
    with pytest.raises(TargetSettingsError) as caught:
        BigQueryTarget(config=given)
    return str(caught.value)


def test_a_hyphen_in_the_schema_is_refused_by_the_name_that_does() -> None:
    said = _refused_settings(default_target_schema="airflow_prod-eu")
    assert "Set TARGET_BIGQUERY_DEFAULT_TARGET_SCHEMA=airflow_prod_eu" in said


def test_two_logins_are_one_too_many() -> None:
    said = _refused_settings(credentials="x", credentials_path="y")
    assert said.startswith("credentials and credentials_path are both set")


@pytest.mark.parametrize(
    "text",
    ["no JSON", "[]", "{}", '{"type": "authorized_user"}', '{"private_key": "SECRET", "x": 1}'],
)
def test_credentials_that_are_no_key(text: str, tmp_path: Path) -> None:
    said = _refused_settings(credentials=text)
    assert said.startswith("credentials is not the key of a service account")
    path = tmp_path / "key.json"
    path.write_text(text)
    by_path = _refused_settings(credentials=None, credentials_path=str(path))
    assert by_path.startswith(f"credentials_path, {path}, is not the key of a service account")
    assert "SECRET" not in said + by_path


def test_key_file_that_is_not_there() -> None:
    said = _refused_settings(credentials=None, credentials_path="/nowhere/key.json")
    assert said.startswith("credentials_path: /nowhere/key.json cannot be read: ")


def test_no_login_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    said = _refused_settings(credentials=None)
    assert said.startswith("There are no Application Default Credentials. Set TARGET_BIGQUERY_")


@pytest.mark.parametrize("url", ["s3://bucket/x", "gs://", "bucket", "gs:///x"])
def test_staging_place_that_cannot_be(url: str, bigquery_key: str) -> None:
    said = _refused_settings(credentials=bigquery_key, gcs_staging_url=url)
    assert said == f"gcs_staging_url is {url}; it has to be like gs://bucket/prefix"


@pytest.fixture(scope="module")
def bigquery_key() -> str:
    from tests.stand_ins.bigquery import key_pair  # noqa: PLC0415  # takes a moment

    private, _ = key_pair()
    key = {"client_email": "a@b", "private_key": private, "token_uri": "http://127.0.0.1:9"}
    return json.dumps(key)


def _refused(
    warehouse: LoadedBigQuery, file: Path, kind: type[LoadError], *said: str, **config: object
) -> None:
    """One line says so, soon; nothing is written, and the file is kept for another try."""
    started = time.monotonic()
    with pytest.raises(kind) as caught:
        warehouse.load(BEGIN, batch("t", file), STATE, **config)
    assert time.monotonic() - started < 15
    for words in said:
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert file.exists()


@stand_in
def test_every_login(warehouse: LoadedBigQuery, file: Path, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(warehouse.key))
    warehouse.load(BEGIN, STATE, credentials_path=str(path), credentials=None)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    warehouse.load(BEGIN, batch("t", file), STATE, credentials=None)
    assert warehouse.rows("t", ["id"]) == [(1,)]


@stand_in
def test_key_that_is_deleted(warehouse: LoadedBigQuery, file: Path, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    warehouse.key = warehouse.key | {"client_email": "gone@audit"}
    _refused(
        warehouse,
        file,
        WarehouseRefusedError,
        "Google refuses the login of gone@audit: invalid_grant: Invalid grant: account not found.",
        "TARGET_BIGQUERY_CREDENTIALS",
    )
    assert "PRIVATE KEY" not in caplog.text


@stand_in
@pytest.mark.parametrize("permission", ["bigquery.jobs.create", "bigquery.datasets.create"])
def test_missing_permission(warehouse: LoadedBigQuery, file: Path, permission: str) -> None:
    warehouse.key = warehouse.stand_in.key("less@audit", denied=[permission])
    _refused(
        warehouse,
        file,
        WarehouseRefusedError,
        f"User does not have {permission} permission",
        f"Grant less@audit in the project {warehouse.project} what docs/warehouses/",
    )
    assert warehouse.tables() == []


@stand_in
def test_dataset_is_elsewhere(warehouse: LoadedBigQuery, file: Path) -> None:
    warehouse.load(BEGIN, STATE)
    _refused(
        warehouse,
        file,
        TargetSettingsError,
        "location is EU, but the dataset airflow_test is in",
        f"Set TARGET_BIGQUERY_LOCATION={REGION}",
        location="EU",
    )


@stand_in
@pytest.mark.parametrize(
    ("status", "reason", "message"),
    [
        (403, "quotaExceeded", "Quota exceeded: too many jobs"),
        (400, "invalidQuery", "Transaction is aborted due to concurrent update against table x"),
        (503, "backendError", "Visibility check was unavailable"),
    ],
)
def test_what_passes_by_itself(
    warehouse: LoadedBigQuery, file: Path, status: int, reason: str, message: str
) -> None:
    warehouse.stand_in.fail("MERGE", status, reason, message)
    _refused(
        warehouse, file, WarehouseUnavailableError, "airflow_test, table t: ", message, "later"
    )
    assert warehouse.rows("t") == []
    assert warehouse.traces() == []
    warehouse.stand_in.fail_no_more()
    warehouse.load(BEGIN, batch("t", file), STATE)
    assert warehouse.rows("t", ["id"]) == [(1,)]


@stand_in
@pytest.mark.parametrize("what", ["POST .*/queries", "POST /upload", "GET .*/datasets"])
def test_a_short_fault_is_not_even_seen(warehouse: LoadedBigQuery, file: Path, what: str) -> None:
    warehouse.stand_in.fail(what, 503, "backendError", "Try again", times=2)
    warehouse.load(BEGIN, batch("t", file), STATE)
    assert warehouse.rows("t", ["id"]) == [(1,)]


@stand_in
def test_bigquery_is_out_of_reach(
    warehouse: LoadedBigQuery, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    _refused(warehouse, file, WarehouseUnavailableError, "BigQuery cannot be reached: ")


@stand_in
def test_login_is_out_of_reach(warehouse: LoadedBigQuery, file: Path) -> None:
    warehouse.key = warehouse.key | {"token_uri": "http://127.0.0.1:9/token"}
    _refused(warehouse, file, WarehouseUnavailableError, "BigQuery cannot be reached: ")


@stand_in
def test_data_of_a_file_are_damaged(warehouse: LoadedBigQuery, file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4:200] = bytes(196)
    file.write_bytes(content)
    _refused(warehouse, file, WarehouseRefusedError, "table t: Error while reading data")
    assert warehouse.rows("t") == []
    assert warehouse.traces() == []


@stand_in
@pytest.mark.parametrize("mode", ["merge", "mirror", "append"])
def test_what_fails_halfway_leaves_the_table_as_it_was(
    warehouse: LoadedBigQuery, file: Path, mode: str
) -> None:
    """Rows would go first, and the others come then, but for a column that they lack."""
    with warehouse.client as client:
        client.create_dataset(warehouse.schema_name)
        client.query_and_wait(
            f"create table {warehouse.schema_name}.t (id int64, note string, must int64 not null,"
            " _sdc_extracted_at timestamp, _sdc_deleted_at timestamp)"
        )
        client.query_and_wait(
            f"insert into {warehouse.schema_name}.t values"
            f" (7, 'old', 1, timestamp '{MOMENTS[0].isoformat()}', null)"
        )
    begin = schema("t", PROPERTIES, key=["id"], mode=mode)
    with pytest.raises(WarehouseRefusedError, match="table t: "):
        warehouse.load(begin, batch("t", file), STATE)
    assert warehouse.rows("t", ["id", "note"]) == [(7, "old")]


def _sent(warehouse: LoadedBigQuery, words: str) -> list[str]:
    queries = [request["query"] or "" for request in warehouse.stand_in.requests()]
    return [query for query in queries if words in query]


@stand_in
@pytest.mark.parametrize(
    ("mode", "layout"),
    [
        ("merge", "CLUSTER BY `id`"),
        ("append", "PARTITION BY DATE(`_sdc_extracted_at`)"),
    ],
)
@pytest.mark.parametrize("is_empty", [False, True])
def test_tables_are_laid_out_for_what_is_looked_for(
    warehouse: LoadedBigQuery, file: Path, mode: str, layout: str, *, is_empty: bool
) -> None:
    begin = schema("t", PROPERTIES, key=["id"], mode=mode)
    warehouse.load(begin, *([] if is_empty else [batch("t", file)]), STATE)
    made = _sent(warehouse, "CREATE TABLE")
    assert made
    assert all(layout in statement for statement in made)


@stand_in
def test_statements_of_a_load_that_changes_little_are_few(
    warehouse: LoadedBigQuery, file: Path
) -> None:
    warehouse.load(BEGIN, STATE)
    warehouse.stand_in.requests()
    warehouse.load(BEGIN, batch("t", file), STATE)
    queries = [found["query"] for found in warehouse.stand_in.requests() if found["query"]]
    kinds = ["INFORMATION_SCHEMA", "CREATE TABLE", "MERGE", "DROP SCHEMA"]
    assert [kind for query in queries for kind in kinds if kind in query].count("MERGE") == 1
    assert len(queries) <= 6


@stand_in
def test_rows_are_found_between_the_least_and_the_greatest_key(
    warehouse: LoadedBigQuery, tmp_path: Path
) -> None:
    for moment, ids in ((0, range(8)), (1, (6, 2, 4, 11))):
        rows = [{"id": number, "note": f"{moment}"} for number in ids]
        file = parquet(tmp_path / "spool", PROPERTIES, rows, MOMENTS[moment])
        warehouse.load(BEGIN, batch("t", file), STATE)
    assert warehouse.rows("t", ["id", "note"]) == [
        *((number, "1" if number in {2, 4, 6} else "0") for number in range(8)),
        (11, "1"),
    ]


@pytest.fixture
def through_bucket(warehouse: LoadedBigQuery) -> LoadedBigQuery:
    return replace(warehouse, staging_url=f"gs://{BUCKET}/some/where/")


@stand_in
def test_files_go_through_a_bucket(through_bucket: LoadedBigQuery, file: Path) -> None:
    through_bucket.load(BEGIN, batch("t", file), STATE)
    assert through_bucket.rows("t", ["id", "note"]) == [(1, "x")]
    what = [request["what"] for request in through_bucket.stand_in.requests()]
    assert not any("/upload/bigquery" in request for request in what)
    assert through_bucket.traces() == []


@stand_in
def test_bucket_that_is_not_there(warehouse: LoadedBigQuery, file: Path) -> None:
    _refused(
        warehouse,
        file,
        WarehouseRefusedError,
        "gcs_staging_url is gs://nowhere/x, but there is no bucket nowhere. Make it, in the",
        gcs_staging_url="gs://nowhere/x",
    )


@stand_in
def test_nothing_stays_in_the_bucket(through_bucket: LoadedBigQuery, file: Path) -> None:
    """Neither of a load that failed, nor of one that was killed; what others have there does."""
    others = "some/where/airflow_test/1.parquet"
    through_bucket.stand_in.put_object(others)
    through_bucket.stand_in.put_object(f"some/where/{through_bucket.leftover_schema}/t/1.parquet")
    through_bucket.stand_in.fail("MERGE", 403, "quotaExceeded", "Too much")
    with pytest.raises(WarehouseUnavailableError):
        through_bucket.load(BEGIN, batch("t", file), STATE)
    assert through_bucket.stand_in.objects() == [others]
    through_bucket.stand_in.remove_object(others)
