"""What Meltano is told, and what is logged when there is no login to tell it."""

from __future__ import annotations

import pytest
from airflow import __version__ as airflow_version
from airflow.exceptions import AirflowFailException
from airflow_audit.hooks.meltano import MeltanoHook
from airflow_audit.source_login import SourceLogin
from airflow_audit.transfer import Transfer, resolve_transfer
from airflow_audit.warehouses import DUCKDB, SNOWFLAKE, WarehouseLogin

SOURCE = SourceLogin("postgresql://reader@localhost/airflow", "", "a test")
NO_LOGIN = WarehouseLogin({}, [], "the environment")


def snowflake(account: str = "one", word: str = "of the first year") -> WarehouseLogin:
    variables = {"TARGET_SNOWFLAKE_ACCOUNT": account, "TARGET_SNOWFLAKE_PASSWORD": word}
    return WarehouseLogin(variables, [word], "a test")


def state(schema: str, target: WarehouseLogin) -> str:
    told = Transfer("production", schema, SNOWFLAKE, SOURCE, target).environment
    return told["MELTANO_RUN_STATE_ID_SUFFIX"]


def test_tap_loader_and_state_are_told_where_to_read_and_write():
    transfer = Transfer("production", "airflow_production", DUCKDB, SOURCE, NO_LOGIN)
    assert transfer.environment == {
        "ENVIRONMENT_SLUG": "production",
        "TAP_AIRFLOW_METADATA_DATABASE_URL": "postgresql://reader@localhost/airflow",
        "TARGET_DUCKDB_DEFAULT_TARGET_SCHEMA": "airflow_production",
        "MELTANO_RUN_STATE_ID_SUFFIX": "production",
    }


def test_two_copies_of_one_environment_have_two_states():
    states = {
        state("airflow_production", NO_LOGIN),
        state("airflow_copy", NO_LOGIN),
        state("airflow_production", snowflake()),
        state("airflow_production", snowflake(account="two")),
    }
    assert len(states) == 4


def test_a_new_password_leaves_the_state_where_it_is():
    before, after = snowflake(), snowflake(word="of the second year")
    assert state("airflow_production", before) == state("airflow_production", after)


@pytest.mark.skipif(airflow_version.startswith("2."), reason="Airflow 2 has its own login")
def test_without_a_login_the_sql_that_makes_one_is_logged(monkeypatch, caplog, capfd):
    def output(_, arguments, *, environment):
        assert (arguments[-1], environment) == ("--grants", {})
        return iter(["create role airflow_audit\n", "grant select\n"])

    monkeypatch.setattr(MeltanoHook, "output", output)
    monkeypatch.delenv("TAP_AIRFLOW_METADATA_DATABASE_URL", raising=False)
    with pytest.raises(AirflowFailException, match="airflow_audit_source"):
        resolve_transfer(
            MeltanoHook(),
            DUCKDB,
            "production",
            "airflow_production",
            source_conn_id=None,
            connection_id=None,
            service_connection_name="load_airflow",
        )
    # Airflow 2 hands it to logging, Airflow 3 prints it.
    assert "create role airflow_audit\ngrant select" in caplog.text + capfd.readouterr().out
