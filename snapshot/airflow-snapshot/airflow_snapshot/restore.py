"""Restore a snapshot into a database of its own, which is whole or not there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from psycopg import sql

from airflow_snapshot import archive
from airflow_snapshot.airflow_facts import has_to_migrate
from airflow_snapshot.contents import NOT_OF_AN_EXTENSION, table_names
from airflow_snapshot.database import Connection, connected, display_address
from airflow_snapshot.download import local_archive
from airflow_snapshot.encryption import Identity
from airflow_snapshot.errors import DamagedSnapshotError, RefusedError
from airflow_snapshot.exported_snapshot import live_components
from airflow_snapshot.manifest import Manifest
from airflow_snapshot.origin import record_origin, require_alone
from airflow_snapshot.progress import Progress
from airflow_snapshot.store import Store
from airflow_snapshot.verify import differences

_LONGEST_NAME = 63  # bytes, of anything in PostgreSQL
_UNFINISHED = "__restoring"
_IDENTITY_SQL = """
    select oid::text, case when has_function_privilege('pg_control_system()', 'execute')
        then (select system_identifier::text from pg_control_system()) end
    from pg_database where datname = %s
"""
_OBJECTS_SQL = f"""
    select namespace.nspname || '.' || relation.relname
    from pg_class as relation
    inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname not in ('pg_catalog', 'information_schema')
        and namespace.nspname not like 'pg\\_toast%' and namespace.nspname not like 'pg\\_temp%'
        and relation.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
        and {NOT_OF_AN_EXTENSION}
    order by 1
    limit 3
"""


@dataclass(frozen=True)
class RestoreRequest:
    """What to restore, and where.

    Attributes:
        manifest: The snapshot's.
        store: Where it is kept.
        identities: Private keys, for an encrypted archive.
        into: Address of the new database.
        airflow_version: Version of Airflow that is to use it; None if unknown.
    """

    manifest: Manifest
    store: Store
    identities: list[Identity]
    into: dict[str, str]
    airflow_version: str | None = None

    def has_to_migrate(self) -> bool | None:
        """Return whether the new environment's Airflow has to migrate it; None if unknown.

        Raises:
            RefusedError: That Airflow is older than the snapshot.
        """
        version = self.manifest.source.airflow_version
        if version is None or self.airflow_version is None:
            return None
        return has_to_migrate(version, self.airflow_version)


def restore(
    request: RestoreRequest,
    progress: Progress,
    make_safe: Callable[[Connection], None] | None = None,
) -> None:
    """Restore a snapshot; an error leaves nothing that looks whole.

    A new database is restored by several processes under another name, compared, and renamed last.
    An existing empty one keeps its owner and settings, so it is filled in one transaction.

    Args:
        request: What to restore, and where.
        progress: Reports to the user.
        make_safe: Called with the restored database before it has its name.

    Raises:
        RefusedError: The database is not empty, is in use, or is the snapshot's own source; or it
            exists and `make_safe` is given, which needs a new one.
        SnapshotError: It could not be restored.
    """
    request.has_to_migrate()
    name = request.into["dbname"]
    with _administrating(request.into) as admin:
        if make_safe:
            _require_new(admin, request.into)
        is_there = not make_safe and _check_target(admin, request)
        with local_archive(request.manifest, request.store, request.identities) as path:
            if is_there:
                with progress.step(f"Restoring into the empty database {name}, in one transaction"):
                    _create_schema(request.into, request.manifest.source.schema)
                    archive.load_as_one(path, request.into)
                try:
                    _compare(request.manifest, request.into, progress)
                except BaseException:
                    _drop_tables(request.into, request.manifest.source.schema)
                    raise
                record_origin(request.into, request.manifest)
                return
            unfinished = name[: _LONGEST_NAME - len(_UNFINISHED)] + _UNFINISHED
            with _created(admin, unfinished, request.manifest.source.encoding):
                parameters = request.into | {"dbname": unfinished}
                with progress.step(f"Restoring into the new database {name}"):
                    _create_schema(parameters, request.manifest.source.schema)
                    archive.load(path, parameters)
                _compare(request.manifest, parameters, progress)
                record_origin(parameters, request.manifest)
                if make_safe:
                    with connected(parameters) as connection:
                        make_safe(connection)
                admin.execute(
                    sql.SQL("alter database {} rename to {}").format(
                        sql.Identifier(unfinished), sql.Identifier(name)
                    )
                )


@contextlib.contextmanager
def _administrating(into: dict[str, str]) -> Iterator[Connection]:
    """Connect to another database of the server, to create one from there."""
    another = "template1" if into["dbname"] == "postgres" else "postgres"
    with connected(into, dbname=another) as admin:
        yield admin


def _check_target(admin: Connection, request: RestoreRequest) -> bool:
    """Return whether the database exists; it is empty then.

    Raises:
        RefusedError: It must not be restored into.
    """
    name, address = request.into["dbname"], display_address(request.into)
    found = admin.execute(_IDENTITY_SQL, [name]).fetchone()
    if not found:
        _require_right_to_create(admin, address)
        return False
    oid, cluster = found
    if f"{cluster}/{oid}" == request.manifest.source.database_id:
        msg = f"{address} is the database that the snapshot was taken from. Name a new one"
        raise RefusedError(msg)
    with connected(request.into) as connection:
        schema = request.manifest.source.schema
        if "job" in table_names(connection, schema):
            components = live_components(connection, schema)
            if components:
                msg = f"An Airflow is running on {address}: {', '.join(components)}. Name a new one"
                raise RefusedError(msg)
        objects = [name for (name,) in connection.execute(_OBJECTS_SQL)]
        if objects:
            msg = (
                f"{address} is not empty, it has {', '.join(objects)}. A snapshot is restored only"
                " into a database that is new or empty: name another"
            )
            raise RefusedError(msg)
        require_alone(connection)
    return True


def require_new(into: dict[str, str]) -> None:
    """Make sure that a database does not exist yet, and can be created.

    Args:
        into: Its address.

    Raises:
        RefusedError: It exists, or the login may not create it.
        DatabaseError: The server refused the login.
        SnapshotUnavailableError: The server cannot be reached now.
    """
    with _administrating(into) as admin:
        _require_new(admin, into)


def _require_new(admin: Connection, into: dict[str, str]) -> None:
    address = display_address(into)
    if admin.execute(_IDENTITY_SQL, [into["dbname"]]).fetchone():
        msg = (
            f"{address} is there already. A clone needs a database that is not, so that it has its"
            " name only when it is safe: drop it, or name another"
        )
        raise RefusedError(msg)
    _require_right_to_create(admin, address)


def _require_right_to_create(admin: Connection, address: str) -> None:
    [(may_create,)] = admin.execute(
        "select rolcreatedb or rolsuper from pg_roles where rolname = current_user"
    )
    if not may_create:
        msg = (
            f"{address} is not there, and the login may not create databases. Have an empty one"
            " made that it owns (createdb --owner), or use another login"
        )
        raise RefusedError(msg)


@contextlib.contextmanager
def _created(admin: Connection, name: str, encoding: str) -> Iterator[None]:
    """Create a database; drop it again if the block fails."""
    identifier = sql.Identifier(name)
    # Left by a killed restore.
    admin.execute(sql.SQL("drop database if exists {}").format(identifier))
    admin.execute(
        # Collation is left to the new server.
        sql.SQL("create database {} template template0 encoding {}").format(
            identifier, sql.Literal(encoding)
        )
    )
    try:
        yield
    except BaseException:
        with contextlib.suppress(Exception):
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(identifier))
        raise


def _create_schema(parameters: dict[str, str], schema: str) -> None:
    with connected(parameters) as connection:
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))


def _compare(manifest: Manifest, parameters: dict[str, str], progress: Progress) -> None:
    found = differences(manifest, parameters, progress)
    if found:
        msg = f"What was restored is not what the manifest says, so it was dropped: {found}"
        raise DamagedSnapshotError(msg)


def _drop_tables(parameters: dict[str, str], schema: str) -> None:
    with connected(parameters) as connection:
        for table in table_names(connection, schema):
            connection.execute(
                sql.SQL("drop table if exists {} cascade").format(sql.Identifier(schema, table))
            )
