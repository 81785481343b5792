"""Make a restored copy of a metadata database safe to start as another environment."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from airflow_snapshot.airflow_tables import read_tables
from airflow_snapshot.contents import ORIGIN_TABLE
from airflow_snapshot.database import Connection
from airflow_snapshot.fernet import Keyring
from airflow_snapshot.old_environment import Place, naming, read_places, read_variables
from airflow_snapshot.overrides import Overrides, apply_overrides
from airflow_snapshot.report import Report
from airflow_snapshot.restored_copy import require_restored_copy
from airflow_snapshot.settling import Unfinished, settle


@dataclass(frozen=True)
class Neutralisation:
    """What is wanted of a copy.

    Attributes:
        unfinished: What becomes of task instances and runs that are not finished: they end as
            failed, or are as if they had not begun.
        overrides: Connections and variables of the new environment.
        old_fernet_key: `core.fernet_key` of the old environment; without it, what is encrypted
            cannot be read, and is emptied.
        new_fernet_key: The same of the new environment; without it, the old one goes on.
    """

    unfinished: Unfinished = "failed"
    overrides: Overrides | None = None
    old_fernet_key: str | None = None
    new_fernet_key: str | None = None


def neutralise(
    connection: Connection, schema: str, wanted: Neutralisation, *, dry_run: bool = False
) -> Report:
    """Bring a copy to rest, and take it away from the old environment, in one transaction.

    Args:
        connection: In autocommit mode.
        schema: The schema of Airflow's tables.
        wanted: What is wanted.
        dry_run: Do everything, and take it back.

    Raises:
        RefusedError: It is not a restored copy, or somebody uses it.
        SettingsError: A Fernet key is none, or does not read everything.
    """
    keyring = Keyring(wanted.old_fernet_key, wanted.new_fernet_key)
    with connection.transaction(force_rollback=dry_run):
        connection.execute(sql.SQL("set local search_path to {}").format(sql.Identifier(schema)))
        # A lock that somebody holds is a reason to stop, not to wait.
        connection.execute("set local lock_timeout to '10s'")
        tables = read_tables(connection, schema)
        origin = require_restored_copy(connection, schema, tables)
        before = read_places(connection, keyring)

        changes = list(settle(connection, tables, wanted.unfinished, origin.taken_at))
        if wanted.overrides:
            changes += apply_overrides(connection, wanted.overrides, keyring)
        emptied: list[str] = []
        for change, names in keyring.settle(connection, tables):
            changes.append(change)
            emptied += names

        places = read_places(connection, keyring)
        old = _names(before)
        if origin.neutralised_at and wanted.overrides:
            # What the overrides name was theirs before already, so it is not the old environment's.
            own = (places.get(conn_id) for conn_id in wanted.overrides.connections)
            old -= set().union(*(place.names() for place in own if place))
        texts = {conn_id: place.text() for conn_id, place in places.items()}
        variables = read_variables(connection, keyring)
        connection.execute(
            sql.SQL("update {} set neutralised_at = now()").format(sql.Identifier(ORIGIN_TABLE))
        )
    return Report(
        changes=tuple(changes),
        emptied=tuple(emptied),
        connections=naming(texts, old),
        variables=naming(variables, old),
        dry_run=dry_run,
    )


def _names(places: dict[str, Place]) -> set[str]:
    return set().union(*(place.names() for place in places.values()))
