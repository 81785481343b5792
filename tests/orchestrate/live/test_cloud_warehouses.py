"""The DAGs that the project started from, run by schedulers into cloud warehouses' stand-ins."""

from __future__ import annotations

import base64
import json
import secrets
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tap_airflow_metadata.catalogue import Table, load_catalogue
from tests.extract import source_rows
from tests.extract.source_rows import Rows
from tests.load.loaded_bigquery import LoadedBigQuery
from tests.load.loaded_redshift import LoadedRedshift
from tests.load.loaded_snowflake import LoadedSnowflake
from tests.load.loaded_warehouse import LoadedWarehouse
from tests.orchestrate.live import cloud_dag_files
from tests.orchestrate.live.live_airflow import (
    TAKES_LONG,
    LiveAirflow,
    create_reader,
    wait_for_end,
)
from tests.orchestrate.provider import provider_environ, rendered_table, xcom_of_current_tries
from tests.pipeline.live.syncs import differences, read_source
from tests.real_airflow.postgres import ThrowawayPostgres
from tests.real_airflow.running import running_airflow
from tests.small_disk import small_disk
from tests.stand_ins.bigquery import BUCKET
from tests.transform.mart_rows import MARTS
from tests.warehouses.stand_ins import running_warehouse

pytestmark = TAKES_LONG

DATACOVES_TABLES = (
    *("ab_permission", "ab_role", "ab_user", "dag", "dag_run", "dag_tag", "import_error", "job"),
    *("task_fail", "task_instance", "log", "log_template"),
)
_BUILD_SECONDS = 300


@dataclass(frozen=True)
class LiveClouds(LiveAirflow):
    """An Airflow with connections to the warehouses.

    Attributes:
        snowflake: Which takes a key pair.
        redshift: Which copies from S3.
        bigquery: Which loads from Cloud Storage.
        stage: Where one of the exports is staged.
        canaries: Secrets of the connections, which must show nowhere.
    """

    snowflake: LoadedSnowflake
    redshift: LoadedRedshift
    bigquery: LoadedBigQuery
    stage: Path
    canaries: tuple[str, ...]

    def source(self, tables: Mapping[str, Table]) -> dict[str, Rows]:
        """Rows of some tables, as they have to be in a warehouse."""
        return read_source(self.database_url, self.version, tables)

    def loaded(self, warehouse: LoadedWarehouse, table: Table) -> Rows:
        """What a warehouse has of a table: of each row the newest version."""
        columns = [column.name for column in table.raw_columns()]
        chosen = [warehouse.quoted(name) for name in [*columns, "_sdc_extracted_at"]]
        found = warehouse.query(
            f"select {', '.join(chosen)} from {warehouse.quoted(table.name)}"
            f" where {warehouse.quoted('_sdc_deleted_at')} is null"
        )
        newest = {}
        for *values, _ in sorted(found, key=lambda row: row[-1]):
            row = {
                column.name: _alike(column.type, value)
                for column, value in zip(table.raw_columns(), values, strict=True)
            }
            newest[tuple(row[name] for name in source_rows.merge_key(table, self.version))] = row
        return newest


def _alike(kind: str, value: Any) -> object:
    """A value as `source_rows` has it, whichever driver gave it."""
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return json.loads(value) if kind == "json" and isinstance(value, str) else value


@pytest.fixture(scope="module")
def live(
    live_version: str,
    postgres: ThrowawayPostgres,
    migrated_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveClouds]:
    folder = tmp_path_factory.mktemp("clouds")
    url = migrated_database(live_version)
    environ = provider_environ() | {
        "ENVIRONMENT_SLUG": "live",
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    stage = folder / "stage"
    stage.mkdir()
    with ExitStack() as stack:
        clouds: dict[str, Any] = {}
        # The way out of this machine that Snowflake's stand-in sets is the one that counts.
        for name in ("bigquery", "redshift", "snowflake"):
            (folder / name).mkdir()
            clouds[name] = stack.enter_context(running_warehouse(name, folder / name))
        clouds["bigquery"].staging_url = f"gs://{BUCKET}/airflow"
        environ |= clouds["redshift"].environment
        files = cloud_dag_files.files(live_version, stage)
        airflow = stack.enter_context(running_airflow(live_version, url, files, environ))
        connections = _connections(**clouds)
        if not live_version.startswith("2."):
            password = f"canary/{secrets.token_hex(8)}"
            tables = {*DATACOVES_TABLES, *_exported(live_version)}
            source = create_reader(postgres, url, password, folder, tables)
            connections["airflow_audit_source"] = source | {"password": password}
        for name, fields in connections.items():
            extra = {"extra": json.dumps(fields["extra"])} if "extra" in fields else {}
            airflow.api.create_connection(name, **fields | extra)
        live = LiveClouds(
            version=live_version,
            airflow=airflow,
            database_url=url,
            environ=environ,
            stage=stage,
            canaries=_canaries(connections),
            **clouds,
        )
        live.wait_for_dags(*cloud_dag_files.ALL)
        for dag_id in set(cloud_dag_files.ALL) - set(cloud_dag_files.SCHEDULED):
            airflow.api.set_paused(dag_id, paused=False)
        yield live


def _connections(
    snowflake: LoadedSnowflake, redshift: LoadedRedshift, bigquery: LoadedBigQuery
) -> dict[str, dict[str, Any]]:
    """Logins as Airflow's own providers keep them, in their fields and their extra."""
    account, user, role, warehouse = (
        snowflake.settings[name] for name in ("account", "user", "role", "warehouse")
    )

    def snowflake_with(key: str, role: str) -> dict[str, Any]:
        extra = {
            "account": account,
            "warehouse": warehouse,
            "database": snowflake.database,
            "role": role,
            "private_key_content": base64.b64encode(key.encode()).decode(),
        }
        return {"conn_type": "snowflake", "login": user, "extra": extra}

    settings = redshift.settings

    def redshift_with(role: str) -> dict[str, Any]:
        return {
            "conn_type": "redshift",
            "host": settings["host"],
            "port": settings["port"],
            "login": settings["user"],
            "password": settings["password"],
            "schema": settings["database"],
            "extra": {"s3_staging_url": settings["s3_staging_url"], "copy_role_arn": role},
        }

    def bigquery_with(key: Mapping[str, Any]) -> dict[str, Any]:
        extra = {
            "project": bigquery.project,
            "location": bigquery.settings["location"],
            "keyfile_dict": json.dumps(key),
            "gcs_staging_url": bigquery.staging_url,
        }
        return {"conn_type": "google_cloud_platform", "extra": extra}

    key = snowflake.stand_in.private_key
    less = bigquery.stand_in.key("less@audit", denied=["bigquery.datasets.create"])
    return {
        "raw": snowflake_with(key, role),
        "raw_redshift": redshift_with(settings["copy_role_arn"]),
        "raw_bigquery": bigquery_with(bigquery.key),
        "wrong_key": snowflake_with(_another_key(), role),
        "missing_role_snowflake": snowflake_with(key, "NOBODY"),
        "missing_role_redshift": redshift_with("arn:aws:iam::123456789012:role/nobody"),
        "missing_role_bigquery": bigquery_with(less),
    }


def _another_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _canaries(connections: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """The secrets, of keys a line in the middle."""
    given = [str(fields["password"]) for fields in connections.values() if "password" in fields]
    extras = [fields.get("extra", {}) for fields in connections.values()]
    keys = [
        json.loads(extra["keyfile_dict"])["private_key"]
        for extra in extras
        if "keyfile_dict" in extra
    ]
    encoded = [extra["private_key_content"] for extra in extras if "private_key_content" in extra]
    keys += [base64.b64decode(one).decode() for one in encoded]
    return (*given, *(key.splitlines()[5] for key in keys), *(one[200:260] for one in encoded))


def assert_arrives(
    live: LiveClouds,
    warehouse: LoadedWarehouse,
    tables: Mapping[str, Table],
    load: Callable[[], None],
) -> None:
    """Load, and compare every row that the source had so both before and after."""
    before = live.source(tables)
    load()
    after = live.source(tables)
    same = 0
    for name, table in tables.items():
        loaded = live.loaded(warehouse, table)
        settled = {key: row for key, row in before[name].items() if after[name].get(key) == row}
        assert differences(loaded, settled) == {}, name
        assert loaded.keys() <= before[name].keys() | after[name].keys(), name
        same += len(settled)
    assert same > 40


@pytest.mark.parametrize(
    ("dag_id", "name"),
    [(cloud_dag_files.SNOWFLAKE_SYNC, "snowflake"), (cloud_dag_files.REDSHIFT_SYNC, "redshift")],
)
def test_the_dag_of_datacoves(live: LiveClouds, dag_id: str, name: str) -> None:
    catalogue = load_catalogue()
    warehouse = getattr(live, name).with_schema("airflow-tables")

    def load() -> None:
        run_id = live.unpause(dag_id)
        live.wait_for_state(dag_id, run_id, "success")

    assert_arrives(live, warehouse, {name: catalogue[name] for name in DATACOVES_TABLES}, load)
    there = {table for schema, table in warehouse.tables() if schema == "airflow-tables"}
    assert {table for table in there if not table.startswith("_dlt")} == {
        *DATACOVES_TABLES,
        "_sync_manifest",
    }


@pytest.mark.parametrize(
    ("dag_id", "schema"),
    [(cloud_dag_files.TRUNCATE, "metadata_truncate"), (cloud_dag_files.APPEND, "metadata_append")],
)
def test_the_export_of_all_its_tables(live: LiveClouds, dag_id: str, schema: str) -> None:
    warehouse = live.bigquery.with_schema(schema)
    live.bigquery.stand_in.requests()

    def load() -> None:
        run_id = live.unpause(dag_id)
        live.wait_for_success(dag_id, run_id, tasks=6)

    assert_arrives(live, warehouse, _exported(live.version), load)
    # By way of the bucket, where nothing is left.
    asked = [request["what"] for request in live.bigquery.stand_in.requests()]
    assert asked
    assert not any("/upload/bigquery" in what for what in asked)
    assert not live.bigquery.traces()


def _exported(version: str) -> dict[str, Table]:
    catalogue = load_catalogue()
    return {
        name: catalogue[name]
        for name in cloud_dag_files.EXPORTED
        if catalogue[name].exists_in(version) and catalogue[name].read != "never"
    }


@pytest.mark.parametrize("name", cloud_dag_files.MARTS)
def test_marts_are_built_by_the_operator(live: LiveClouds, name: str) -> None:
    dag_id = cloud_dag_files.MARTS[name]
    live.trigger(dag_id, "first")
    live.wait_for_state(dag_id, "first", "success", seconds=_BUILD_SECONDS)
    marts = getattr(live, name).with_schema("airflow_audit")
    built = {table for schema, table in marts.tables() if schema == "airflow_audit"}
    assert built >= set(
        MARTS if cloud_dag_files.SELECTED[name] is None else cloud_dag_files.FEW_MARTS
    )
    query = "select state from {} where dag_id = '{}' and run_id = 'first'"
    assert marts.query(query.format("fct_dag_runs", dag_id)) == [("running",)]
    [(users,)] = live.query("select count(*) from ab_user")
    assert marts.query("select count(*) from dim_users where not is_deleted_at_source") == [
        (users,)
    ]


def test_wrong_key_fails_at_once(live: LiveClouds) -> None:
    log = live.run(cloud_dag_files.WRONG_KEY, "r", "failed")
    assert live.task(cloud_dag_files.WRONG_KEY, "r") == ("failed", 1)
    assert "private_key (TARGET_SNOWFLAKE_PRIVATE_KEY)" in log


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("snowflake", "role (TARGET_SNOWFLAKE_ROLE)"),
        ("redshift", "TARGET_REDSHIFT_COPY_ROLE_ARN"),
        ("bigquery", "bigquery.datasets.create"),
    ],
)
def test_missing_role_fails_at_once(live: LiveClouds, name: str, told: str) -> None:
    dag_id = cloud_dag_files.MISSING_ROLE[name]
    log = live.run(dag_id, "r", "failed")
    assert live.task(dag_id, "r") == ("failed", 1)
    assert told in log


def test_full_stage_is_tried_again(live: LiveClouds) -> None:
    with small_disk(live.stage, "1m"):
        ballast = live.stage / "full"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
        run_id = live.unpause(cloud_dag_files.FULL_STAGE)
        waits = "select 1 from task_instance where dag_id = %s and state = 'up_for_retry'"
        live.wait_for("a try that fails", lambda: not live.query(waits, cloud_dag_files.FULL_STAGE))
        assert "No space left on device" in live.log(cloud_dag_files.FULL_STAGE, run_id)
        ballast.unlink()
        live.wait_for_success(cloud_dag_files.FULL_STAGE, run_id, tasks=6)
        assert list(live.stage.iterdir()) == []
    pools = load_catalogue()["slot_pool"]
    exported = live.bigquery.with_schema("airflow_live_export")
    assert live.loaded(exported, pools) == live.source({"slot_pool": pools})["slot_pool"]


def test_killed_worker_leaves_nothing_half_loaded(live: LiveClouds) -> None:
    dag_id, run_id = cloud_dag_files.KILLED, "killed"
    query = "select max(_sdc_extracted_at) from log"
    raw = live.snowflake.with_schema("airflow_live")
    live.run(dag_id, "before", "success")
    before = raw.query(query)
    # It is in the midst of its load, whose statements nobody answers.
    live.snowflake.stand_in.log()
    live.snowflake.stand_in.fail("(?i)^(merge|insert|copy)", 503, "", "")
    try:
        live.trigger(dag_id, run_id)
        live.wait_for(
            "the load",
            lambda: not any("uploaded" in done for done in live.snowflake.stand_in.log()) and "it",
        )
        family = live.processes()
        family[0].parent().send_signal(signal.SIGKILL)
        wait_for_end(family)
    finally:
        live.snowflake.stand_in.fail_no_more()
    assert raw.query(query) == before
    # The next try takes it from there.
    live.wait_for_state(dag_id, run_id, "success")
    assert live.task(dag_id, run_id)[1] > 1
    assert raw.query(query) != before


def test_secrets_show_nowhere(live: LiveClouds) -> None:
    rendered = live.query(f"select rendered_fields::text from {rendered_table(live.version)}")
    xcoms = live.query(f"select value::text from {xcom_of_current_tries(live.version)}")
    logs = [path.read_text() for path in (live.airflow.home / "logs").rglob("*.log")]
    assert rendered
    assert xcoms
    assert logs
    places = [*logs, *map(str, rendered), *map(str, xcoms)]
    for canary in live.canaries:
        shown = [place for place in places if canary in place]
        assert not shown, shown[0][:2000]
