"""The example DAG of Datacoves' data sync for Airflow 3, which knows no `schedule_interval`.

Airflow 2 reads it, too.
"""

from airflow.decorators import dag
from operators.datacoves.data_sync import DatacovesDataSyncOperatorSnowflake


@dag(  # noqa: AIR311  # Airflow 2 has no airflow.sdk
    default_args={"start_date": "2021-01"},
    description="sync_airflow_db",
    schedule="0 0 1 */12 *",
    tags=["version_1"],
    catchup=False,
)
def snowflake_airflow_sync() -> None:
    """Copy Airflow's metadata database into Snowflake once a year."""
    DatacovesDataSyncOperatorSnowflake(
        additional_tables=["log", "log_template"],
        destination_schema="airflow-tables",
        service_connection_name="raw",
    )


dag = snowflake_airflow_sync()
