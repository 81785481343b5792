"""Tables that Airflow's own clean-ups and upgrades leave behind, without a key."""

from __future__ import annotations

from demo.environments import Environment
from demo.tables.copying import Connection


def write_leftovers(connection: Connection, environment: Environment) -> None:
    """Leave what `airflow db clean` archives, and what the upgrade to Airflow 3 sets aside.

    Args:
        connection: To a database that has its rows.
        environment: Whose database it is.
    """
    if environment.is_airflow_3:
        connection.execute(
            "create table _xcom_archive as select dag_run_id, task_id, map_index, key, dag_id,"
            " run_id, 'CANARY-_xcom_archive.value'::bytea as value, timestamp from xcom limit 25"
        )
    else:
        connection.execute(
            "create table _airflow_deleted__xcom__20261018003127 as"
            " select * from xcom order by dag_run_id limit 40"
        )
