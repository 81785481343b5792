"""Copies of a database that say, as a restored snapshot does, when they were taken and of what."""

from __future__ import annotations

import itertools

from psycopg import sql

from tap_airflow_metadata.read_transaction import ReadTransaction
from tests.extract.tap_runs import checked_settings
from tests.real_airflow.postgres import ThrowawayPostgres, execute

_numbers = itertools.count(1)


def own_identity(database_url: str) -> str:
    """The identity of a database, as the tap names it."""
    with ReadTransaction(checked_settings(database_url=database_url)) as transaction:
        return transaction.identity(transaction.columns()).database_id


def copied(server: ThrowawayPostgres, database_url: str) -> str:
    """Copy a database as it is now; return the copy's URL."""
    [name] = execute(database_url, "select current_database()").fetchone()
    return server.create_database(f"{name}_copy_{next(_numbers)}", template=name)


def label(database_url: str, **settings: str) -> None:
    """Set `airflow_snapshot.<name>` on a database, for all who connect from now on."""
    [name] = execute(database_url, "select current_database()").fetchone()
    for setting, value in settings.items():
        statement = sql.SQL("alter database {} set {} = {}").format(
            sql.Identifier(name),
            sql.Identifier(f"airflow_snapshot.{setting}"),
            sql.Literal(value),
        )
        execute(database_url, statement)


def restored_snapshot(server: ThrowawayPostgres, database_url: str, taken_at: str) -> str:
    """A copy that says it was taken at a moment; returns its URL."""
    copy = copied(server, database_url)
    label(copy, taken_at=taken_at, database_id=own_identity(database_url))
    return copy
