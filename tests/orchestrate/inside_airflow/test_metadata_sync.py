"""The operators' arguments: schemas, defaults, and what is passed on to Meltano."""

from __future__ import annotations

import base64
import json

import pytest
from airflow.exceptions import AirflowFailException
from airflow_audit.hooks.meltano import MeltanoHook
from airflow_audit.operators.metadata_sync import (
    MetadataSyncOperatorBigQuery,
    MetadataSyncOperatorDuckDB,
    MetadataSyncOperatorRedshift,
    MetadataSyncOperatorSnowflake,
)
from airflow_audit.warehouses import WAREHOUSES, warehouse_login
from operators.datacoves.data_sync import (
    DatacovesDataSyncOperatorRedshift,
    DatacovesDataSyncOperatorSnowflake,
)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("ENVIRONMENT_SLUG", "DATACOVES__ENVIRONMENT_SLUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TAP_AIRFLOW_METADATA_DATABASE_URL", "postgresql://reader:word@db/airflow")


def test_loader_that_the_project_does_not_have_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(MeltanoHook, "project", tmp_path)
    said = "has no target-redshift. Run `make install WAREHOUSE=redshift`"
    with pytest.raises(AirflowFailException, match=said):
        execute(MetadataSyncOperatorRedshift, environment_slug="a", run_dbt=False)


def execute(operator_class, **arguments):
    operator = operator_class(task_id="sync", **arguments)
    # Airflow 3 warns, and no more, outside of its own runner.
    return operator.execute({})


def test_copies_and_builds(calls):
    execute(MetadataSyncOperatorDuckDB, environment_slug="prod")
    (copy, environment, secrets), (build, same, _) = calls
    assert copy == ["run", "--force", "tap-airflow-metadata", "target-duckdb"]
    assert build == ["invoke", "dbt:build"]
    assert (
        environment
        == same
        == {
            "ENVIRONMENT_SLUG": "prod",
            "TAP_AIRFLOW_METADATA_DATABASE_URL": "postgresql://reader:word@db/airflow",
            "TARGET_DUCKDB_DEFAULT_TARGET_SCHEMA": "airflow_prod",
            # As on the command line, so that both go on from the same state.
            "MELTANO_RUN_STATE_ID_SUFFIX": "prod",
        }
    )
    assert secrets == ["word"]


def test_arguments_are_passed_on(calls):
    execute(
        MetadataSyncOperatorDuckDB,
        environment_slug="prod",
        tables=[],
        additional_tables=["xcom"],
        mode="append",
        full_refresh=True,
        dbt_select="fct_dag_runs dim_dags",
    )
    (copy, environment, _), (build, _, _) = calls
    assert copy == ["run", "--force", "tap-airflow-metadata", "target-duckdb"]
    assert environment["MELTANO_RUN_FULL_REFRESH"] == "true"
    assert json.loads(environment["TAP_AIRFLOW_METADATA_TABLES"]) == []
    assert json.loads(environment["TAP_AIRFLOW_METADATA_ADDITIONAL_TABLES"]) == ["xcom"]
    assert environment["AIRFLOW_AUDIT_MODE"] == "append"
    assert build[:2] == ["invoke", "dbt:build"]
    assert build[-3:] == ["--select", "fct_dag_runs", "dim_dags"]


@pytest.mark.usefixtures("calls")
def test_lists_of_the_caller_stay_as_they_are():
    tables, more = ["dag"], ["log"]
    for _ in range(2):
        execute(
            DatacovesDataSyncOperatorRedshift,
            environment_slug="a",
            tables=tables,
            additional_tables=more,
            service_connection_name="load_airflow",
        )
    assert (tables, more) == (["dag"], ["log"])
    first = DatacovesDataSyncOperatorRedshift(task_id="a", additional_tables=["log"])
    second = DatacovesDataSyncOperatorRedshift(task_id="b")
    assert "log" not in first.tables
    assert first.tables == second.tables
    assert first.tables is not second.tables


@pytest.mark.parametrize(
    ("operator", "given", "schema"),
    [
        (MetadataSyncOperatorDuckDB, None, "airflow_a"),
        (MetadataSyncOperatorDuckDB, "airflow-x", "airflow-x"),
        (MetadataSyncOperatorRedshift, "airflow-x", "airflow-x"),
        (DatacovesDataSyncOperatorRedshift, None, "airflow-a"),
        (DatacovesDataSyncOperatorSnowflake, None, "airflow-a"),
        (DatacovesDataSyncOperatorSnowflake, "airflow-tables", "airflow-tables"),
    ],
)
def test_schema(operator, given, schema):
    arguments = {"destination_schema": given, "run_dbt": False}
    task = operator(task_id="sync", environment_slug="a", **arguments)
    assert task.schema("a") == schema
    assert [outlet.uri for outlet in task.outlets] == [
        f"airflow-audit://{task.warehouse.name}/{schema}"
    ]


@pytest.mark.parametrize(
    ("operator", "dbt", "schema"),
    [
        (MetadataSyncOperatorSnowflake, "dbt-snowflake", "airflow_a-b"),
        (MetadataSyncOperatorRedshift, "dbt-redshift", "airflow_a-b"),
        (MetadataSyncOperatorBigQuery, "dbt-bigquery", "airflow_a_b"),
    ],
)
def test_each_warehouse_is_built_by_its_own_dbt(calls, operator, dbt, schema):
    done = execute(operator, environment_slug="a-b")
    (copy, environment, _), (build, _, _) = calls
    assert copy[-1] == operator.warehouse.loader
    assert build == ["invoke", f"{dbt}:build"]
    assert done["schema"] == schema
    variable = operator.warehouse.variable("default_target_schema")
    assert environment[variable] == schema
    assert environment["MELTANO_RUN_STATE_ID_SUFFIX"] == "a-b"


def test_hyphen_where_there_can_be_none_is_an_error():
    task = MetadataSyncOperatorBigQuery(
        task_id="sync", destination_schema="airflow-x", run_dbt=False
    )
    with pytest.raises(AirflowFailException, match="Use 'airflow_x'"):
        task.schema("x")


def test_marts_of_another_schema_are_an_error():
    task = MetadataSyncOperatorDuckDB(task_id="sync", destination_schema="other")
    with pytest.raises(AirflowFailException, match="run_dbt=False"):
        task.schema("x")


def test_each_copy_has_a_state_of_its_own(calls, monkeypatch):
    monkeypatch.setenv("DATACOVES__ONE__HOST", "one")
    monkeypatch.setenv("DATACOVES__ONE__PASSWORD", "first")
    monkeypatch.setenv("DATACOVES__TWO__HOST", "two")
    for name in ("ONE", "TWO"):
        execute(
            MetadataSyncOperatorRedshift,
            environment_slug="a",
            service_connection_name=name.lower(),
            run_dbt=False,
        )
    monkeypatch.setenv("DATACOVES__ONE__PASSWORD", "changed")
    execute(
        MetadataSyncOperatorRedshift,
        environment_slug="a",
        service_connection_name="one",
        run_dbt=False,
    )
    one, two, again = (environment["MELTANO_RUN_STATE_ID_SUFFIX"] for _, environment, _ in calls)
    assert one != two
    assert one == again


@pytest.mark.parametrize(
    ("variables", "slug"),
    [
        ({"ENVIRONMENT_SLUG": "one", "DATACOVES__ENVIRONMENT_SLUG": "two"}, "one"),
        ({"DATACOVES__ENVIRONMENT_SLUG": "two"}, "two"),
        (
            {
                "AIRFLOW__API__BASE_URL": "https://airflow-qwe123.example.com",
                "AIRFLOW__WEBSERVER__BASE_URL": "https://airflow-qwe123.example.com",
            },
            "qwe123",
        ),
    ],
)
def test_slug(calls, monkeypatch, variables, slug):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    execute(MetadataSyncOperatorDuckDB, run_dbt=False)
    assert calls[0][1]["ENVIRONMENT_SLUG"] == slug


def test_environment_without_a_name_says_what_to_set():
    with pytest.raises(AirflowFailException, match="ENVIRONMENT_SLUG"):
        execute(MetadataSyncOperatorDuckDB)


def test_datacoves_has_its_own_ten_tables(calls):
    execute(DatacovesDataSyncOperatorRedshift, environment_slug="a")
    [(_, environment, _)] = calls  # and no marts
    assert len(json.loads(environment["TAP_AIRFLOW_METADATA_TABLES"])) == 10
    calls.clear()
    execute(DatacovesDataSyncOperatorRedshift, environment_slug="a", tables=[])
    assert calls[0][1]["TAP_AIRFLOW_METADATA_TABLES"] == "[]"


@pytest.mark.parametrize(
    ("operator", "variables"),
    [
        (
            MetadataSyncOperatorSnowflake,
            {"ACCOUNT": "a", "USER": "u", "PASSWORD": "word", "ROLE": "r", "DATABASE": "d"},
        ),
        (MetadataSyncOperatorRedshift, {"HOST": "h", "USER": "u", "PASSWORD": "word"}),
    ],
)
def test_service_connection_of_the_environment(calls, monkeypatch, operator, variables):
    for name, value in variables.items():
        monkeypatch.setenv(f"DATACOVES__RAW__{name}", value)
    execute(operator, environment_slug="a", service_connection_name="raw", run_dbt=False)
    _, environment, secrets = calls[0]
    prefix = f"TARGET_{operator.warehouse.name.upper()}_"
    assert {f"{prefix}{name}": value for name, value in variables.items()}.items() <= (
        environment.items()
    )
    assert "word" in secrets


def test_service_connection_of_airflow(calls, monkeypatch):
    connection = {
        "conn_type": "generic",
        "host": "cluster",
        "port": 5439,
        "login": "loader",
        "password": "word",
        "schema": "audit",
    }
    monkeypatch.setenv(
        "AIRFLOW_CONN_LOAD_AIRFLOW", json.dumps(connection | {"conn_type": "redshift"})
    )
    execute(MetadataSyncOperatorRedshift, environment_slug="a", run_dbt=False)
    assert {
        "TARGET_REDSHIFT_HOST": "cluster",
        "TARGET_REDSHIFT_PORT": "5439",
        "TARGET_REDSHIFT_USER": "loader",
        "TARGET_REDSHIFT_DATABASE": "audit",
    }.items() <= calls[0][1].items()
    monkeypatch.setenv("AIRFLOW_CONN_LOAD_AIRFLOW", json.dumps(connection | {"conn_type": "mysql"}))
    with pytest.raises(AirflowFailException, match="'mysql'"):
        execute(MetadataSyncOperatorRedshift, environment_slug="a", run_dbt=False)


@pytest.mark.parametrize("way", ["connection", "environment"])
@pytest.mark.parametrize("warehouse", WAREHOUSES.values(), ids=WAREHOUSES)
def test_every_key_of_a_connection_gives_its_setting(monkeypatch, warehouse, way):
    # One by one: of a password and a key, the password is the key's.
    given = [(name, key) for name, keys in warehouse.connection_keys.items() for key in keys]
    assert given
    for setting, key in given:
        variable = f"DATACOVES__LOAD__{key}".upper()
        if way == "environment":
            monkeypatch.setenv(variable, "as asked for")
        else:
            connection_type = next(iter(warehouse.connection_types), "generic")
            connection = {"conn_type": connection_type, "extra": {key: "as asked for"}}
            monkeypatch.setenv("AIRFLOW_CONN_LOAD", json.dumps(connection))
        found = warehouse_login(warehouse, None, "load")
        monkeypatch.delenv(variable, raising=False)
        assert found.environment == {warehouse.variable(setting): "as asked for"}
        assert found.secrets == (["as asked for"] if setting in warehouse.secrets else [])


@pytest.mark.parametrize(
    ("operator", "extra"),
    [
        (MetadataSyncOperatorRedshift, {"iam": True}),
        (MetadataSyncOperatorBigQuery, {"impersonation_chain": ["a", "b"]}),
        (MetadataSyncOperatorBigQuery, {"extra__google_cloud_platform__key_secret_name": "key"}),
    ],
)
def test_a_way_to_log_in_that_the_loader_does_not_have_is_refused(
    calls, monkeypatch, operator, extra
):
    connection_type = operator.warehouse.connection_types[0]
    connection = {"conn_type": connection_type, "extra": {"project": "p", "host": "h"} | extra}
    monkeypatch.setenv("AIRFLOW_CONN_LOAD_AIRFLOW", json.dumps(connection))
    [key] = [key.rpartition("__")[2] for key in extra]
    with pytest.raises(AirflowFailException, match=f"'load_airflow' has {key}"):
        execute(operator, environment_slug="a", run_dbt=False)
    assert not calls


@pytest.mark.parametrize(
    "arguments", [{"connection_id": "nowhere"}, {"service_connection_name": "nowhere"}]
)
def test_missing_connection_to_the_warehouse_is_an_error(calls, arguments):
    with pytest.raises(AirflowFailException, match="no Airflow connection 'nowhere'"):
        execute(MetadataSyncOperatorRedshift, environment_slug="a", **arguments)
    assert not calls


@pytest.mark.parametrize("newline", ["", "\n"])
def test_a_key_may_be_in_base64_as_airflows_own_provider_takes_it(calls, monkeypatch, newline):
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEv\n-----END PRIVATE KEY-----\n"
    encoded = base64.b64encode(pem.encode()).decode()
    for given in (pem, newline.join([encoded[:40], encoded[40:]])):
        monkeypatch.setenv("DATACOVES__LOAD_AIRFLOW__PRIVATE_KEY_CONTENT", given)
        execute(MetadataSyncOperatorSnowflake, environment_slug="a", run_dbt=False)
        _, environment, secrets = calls.pop()
        assert environment["TARGET_SNOWFLAKE_PRIVATE_KEY"] == pem
        assert pem in secrets


def test_the_password_of_a_connection_with_a_key_is_the_keys(calls, monkeypatch):
    monkeypatch.setenv("DATACOVES__LOAD_AIRFLOW__LOGIN", "loader")
    monkeypatch.setenv("DATACOVES__LOAD_AIRFLOW__PRIVATE_KEY_FILE", "/keys/loader.p8")
    monkeypatch.setenv("DATACOVES__LOAD_AIRFLOW__PASSWORD", "word of the key")
    execute(MetadataSyncOperatorSnowflake, environment_slug="a", run_dbt=False)
    ((_, environment, secrets),) = calls
    told = {name: value for name, value in environment.items() if name.startswith("TARGET_")}
    assert told == {
        "TARGET_SNOWFLAKE_DEFAULT_TARGET_SCHEMA": "airflow_a",
        "TARGET_SNOWFLAKE_USER": "loader",
        "TARGET_SNOWFLAKE_PRIVATE_KEY_PATH": "/keys/loader.p8",
        "TARGET_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "word of the key",
    }
    assert "word of the key" in secrets
