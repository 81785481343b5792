"""Make a restored copy of a metadata database safe to start as another environment."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from airflow_snapshot.airflow_tables import read_tables
from airflow_snapshot.contents import ORIGIN_TABLE
from airflow_snapshot.database import Connection
from airflow_snapshot.fernet import Keyring
from airflow_snapshot.old_environment import Endpoint, mentioning, read_endpoints, read_variables
from airflow_snapshot.origin import require_restored_copy
from airflow_snapshot.overrides import Overrides, apply_overrides
from airflow_snapshot.quiesce import Unfinished, quiesce
from airflow_snapshot.report import Report


@dataclass(frozen=True)
class NeutraliseRequest:
    """What to do to a copy.

    Attributes:
        unfinished: What becomes of unfinished task instances and runs: they end as failed, or are
            reset to not begun.
        overrides: Connections and variables of the new environment.
        old_fernet_key: `core.fernet_key` of the old environment; without it, everything encrypted
            is emptied.
        new_fernet_key: That of the new environment; without it, the old one stays.
    """

    unfinished: Unfinished = "failed"
    overrides: Overrides | None = None
    old_fernet_key: str | None = None
    new_fernet_key: str | None = None


def neutralise(
    connection: Connection, schema: str, request: NeutraliseRequest, *, dry_run: bool = False
) -> Report:
    """Quiesce a copy and cut its ties to the old environment, in one transaction.

    Args:
        connection: In autocommit mode.
        schema: The schema of Airflow's tables.
        request: What to do.
        dry_run: Do everything, and roll back.

    Raises:
        RefusedError: It is no restored copy, or is in use.
        SnapshotSettingsError: A Fernet key is malformed, or does not read everything.
    """
    keyring = Keyring(request.old_fernet_key, request.new_fernet_key)
    with connection.transaction(force_rollback=dry_run):
        connection.execute(sql.SQL("set local search_path to {}").format(sql.Identifier(schema)))
        # If a lock is taken, the copy is in use: stop, do not wait.
        connection.execute("set local lock_timeout to '10s'")
        tables = read_tables(connection, schema)
        origin = require_restored_copy(connection, schema, tables)
        before = read_endpoints(connection, keyring)

        changes = list(quiesce(connection, tables, request.unfinished, origin.taken_at))
        if request.overrides:
            changes += apply_overrides(connection, request.overrides, keyring)
        emptied: list[str] = []
        for change, names in keyring.reencrypt(connection, tables):
            changes.append(change)
            emptied += names

        endpoints = read_endpoints(connection, keyring)
        old = _names(before)
        if origin.neutralised_at and request.overrides:
            # The copy had these overrides before, so they do not name the old environment.
            own = (endpoints.get(conn_id) for conn_id in request.overrides.connections)
            old -= set().union(*(endpoint.names() for endpoint in own if endpoint))
        texts = {conn_id: endpoint.text() for conn_id, endpoint in endpoints.items()}
        variables = read_variables(connection, keyring)
        connection.execute(
            sql.SQL("update {} set neutralised_at = now()").format(sql.Identifier(ORIGIN_TABLE))
        )
    return Report(
        changes=tuple(changes),
        emptied=tuple(emptied),
        connections=mentioning(texts, old),
        variables=mentioning(variables, old),
        dry_run=dry_run,
    )


def _names(endpoints: dict[str, Endpoint]) -> set[str]:
    return set().union(*(endpoint.names() for endpoint in endpoints.values()))
