"""Verify a snapshot: restore it into a scratch server, and compare it with its manifest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from airflow_snapshot.archive import usual_jobs
from airflow_snapshot.contents import (
    TableContents,
    read_contents,
    table_names,
)
from airflow_snapshot.database import connected
from airflow_snapshot.encryption import Identity
from airflow_snapshot.errors import DamagedSnapshotError
from airflow_snapshot.manifest import Manifest
from airflow_snapshot.progress import Progress
from airflow_snapshot.scratch import restored
from airflow_snapshot.store import Store


def verify(
    manifest: Manifest, store: Store, identities: list[Identity], progress: Progress
) -> list[str]:
    """Restore a snapshot into a scratch server and compare.

    This proves keys and foreign keys too: Postgres builds them anew over all rows.

    Args:
        manifest: The snapshot's.
        store: Where it is kept.
        identities: Private keys, for an encrypted archive.
        progress: Reports to the user.

    Returns:
        A sentence for each difference; none if the snapshot is good.

    Raises:
        SnapshotError: It could not be tested, so the snapshot may still be good.
    """
    try:
        with restored(manifest, store, identities, progress) as parameters:
            return differences(manifest, parameters, progress)
    except DamagedSnapshotError as error:
        return [str(error)]


def differences(manifest: Manifest, parameters: dict[str, str], progress: Progress) -> list[str]:
    """Compare a database with a manifest.

    Args:
        manifest: What it should contain.
        parameters: Address of the database, which must not change meanwhile.
        progress: Reports to the user.

    Returns:
        A sentence for each difference.

    Raises:
        SnapshotError: It cannot be read.
    """
    schema = manifest.source.schema
    with connected(parameters) as connection:
        tables = table_names(connection, schema)
        definitions = read_contents(connection, schema, [])

    def contents_of(table: str) -> TableContents:
        with connected(parameters) as connection:
            # Parallel workers would multiply the threads here.
            connection.execute("set max_parallel_workers_per_gather = 0")
            contents = read_contents(connection, schema, [table])
        progress.table_done()
        return contents.tables[table]

    with progress.over(len(tables)), ThreadPoolExecutor(usual_jobs()) as pool:
        contents = dict(zip(tables, pool.map(contents_of, tables), strict=True))
    return manifest.contents.differences(replace(definitions, tables=contents))
