"""Settings are checked against the catalogue before anything is read."""

import pytest

from tap_airflow_metadata.catalogue import load_catalogue
from tap_airflow_metadata.errors import TapSettingsError
from tap_airflow_metadata.settings import select_tables
from tap_airflow_metadata.tap import AirflowMetadataTap
from tests.extract.tap_runs import checked_settings

SEED_TABLES = [
    "ab_permission",
    "ab_permission_view",
    "ab_permission_view_role",
    "ab_register_user",
    "ab_role",
    "ab_user",
    "ab_user_role",
    "ab_view_menu",
    "alembic_version",
    "callback_request",
    "connection",
    "dag",
    "dag_code",
    "dag_pickle",
    "dag_run",
    "dag_tag",
    "import_error",
    "job",
    "log",
    "log_template",
    "rendered_task_instance_fields",
    "sensor_instance",
    "serialized_dag",
    "session",
    "sla_miss",
    "slot_pool",
    "task_fail",
    "task_instance",
    "task_map",
    "task_reschedule",
    "trigger",
    "variable",
    "xcom",
]
SEED_DEFAULTS = [
    "ab_permission",
    "ab_role",
    "ab_user",
    "dag",
    "dag_run",
    "dag_tag",
    "import_error",
    "job",
    "task_fail",
    "task_instance",
]


def names(tables):
    return {table.name for table in tables}


def test_the_default_set_holds_the_ten_tables_that_others_copy_and_what_makes_them_useful():
    chosen = names(checked_settings().tables)
    assert chosen >= set(SEED_DEFAULTS)
    assert chosen >= {"log", "ab_user_role", "ab_permission_view_role", "task_instance_history"}


def test_every_table_of_the_export_list_for_airflow_2_4_can_be_named():
    assert names(checked_settings(tables=SEED_TABLES).tables) == set(SEED_TABLES)


def test_an_empty_list_means_every_table_that_may_be_read():
    readable = {table.name for table in load_catalogue().values() if table.read != "never"}
    assert names(checked_settings(tables=[]).tables) == readable
    assert readable > names(checked_settings().tables)


def test_additional_tables_add_to_the_default_set_and_change_nothing_shared():
    default = names(checked_settings().tables)
    assert names(checked_settings(additional_tables=["log_template"]).tables) == default | {
        "log_template"
    }
    assert names(checked_settings().tables) == default


def test_tables_come_in_one_order_whatever_the_order_they_are_named_in():
    catalogue = load_catalogue()
    assert select_tables(catalogue, ["log", "dag"], None) == select_tables(
        catalogue, ["dag", "log"], None
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"tables": ["task_instances"]}, "Did you mean task_instance?"),
        ({"additional_tables": ["revoked_token"]}, "never read"),
        ({"include_columns": ["connection.password"]}, "never read"),
        ({"include_columns": ["dag_run.config"]}, "Did you mean dag_run.conf"),
        ({"include_columns": ["conf"]}, "table.column"),
        ({"environment_slug": ""}, "ENVIRONMENT_SLUG"),
        ({"environment_slug": 'x"; drop'}, "environment_slug"),
        ({"pii": "hashed"}, "pii_salt"),
        ({"pii": "hashed", "pii_salt": "short"}, "at least 8"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(config, said):
    with pytest.raises(TapSettingsError) as error:
        checked_settings(**config)
    assert said in str(error.value)


def test_settings_never_show_the_password_or_the_salt():
    shown = repr(
        checked_settings(
            database_url="postgresql://u:sesame@db/a", pii="hashed", pii_salt="pepper-and-salt"
        )
    )
    assert "sesame" not in shown
    assert "pepper" not in shown


def test_about_tells_what_an_empty_list_and_the_default_set_are(capsys):
    AirflowMetadataTap.print_about("markdown")
    shown = capsys.readouterr().out
    assert "an empty list reads every" in shown
    assert "task_instance_history" in shown


@pytest.mark.parametrize("connections", [0, -1, 17])
def test_how_many_connections_there_may_be(connections):
    with pytest.raises(TapSettingsError, match=rf"connections is {connections}\. .* 1 to 16"):
        checked_settings(connections=connections)


def test_one_connection_reads_unless_more_are_set():
    config = {"database_url": "postgresql://db/airflow", "environment_slug": "test"}
    assert AirflowMetadataTap(config=config).settings().connections == 1
    assert checked_settings(connections=16).connections == 16
