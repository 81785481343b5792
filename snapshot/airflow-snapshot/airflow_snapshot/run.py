"""Run a command, such as `meltano run`, on a snapshot in place of a live database."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from psycopg import conninfo, sql

from airflow_snapshot.database import connected
from airflow_snapshot.encryption import Identity
from airflow_snapshot.errors import SnapshotSettingsError
from airflow_snapshot.manifest import Manifest
from airflow_snapshot.progress import Progress
from airflow_snapshot.scratch import restored
from airflow_snapshot.store import Store

_SLUG = "ENVIRONMENT_SLUG"


def run_on(
    manifest: Manifest,
    store: Store,
    identities: list[Identity],
    command: Sequence[str],
    progress: Progress,
) -> int:
    """Restore a snapshot into a scratch server, run a command that reads it, and drop it.

    The command gets the address in the tap's environment variables. Settings of the database tell
    the tap when the snapshot was taken and of which database, so that syncs from snapshots and from
    the live database may alternate.

    Args:
        manifest: The snapshot's.
        store: Where it is kept.
        identities: Private keys, for an encrypted archive.
        command: Program and arguments.
        progress: Reports to the user.

    Returns:
        The command's exit code.

    Raises:
        SnapshotSettingsError: There is no such program, or the environment is set to another slug.
        SnapshotError: The snapshot could not be restored.
    """
    slug = os.environ.get(_SLUG) or manifest.environment_slug
    if slug != manifest.environment_slug:
        msg = (
            f"The snapshot is of {manifest.environment_slug}, and {_SLUG} is {slug}: its rows would"
            f" go to the wrong schema. Unset {_SLUG}"
        )
        raise SnapshotSettingsError(msg)
    with restored(manifest, store, identities, progress) as parameters:
        with connected(parameters) as connection:
            for name, value in (
                ("airflow_snapshot.taken_at", manifest.taken_at.isoformat()),
                ("airflow_snapshot.database_id", manifest.source.database_id),
            ):
                connection.execute(
                    sql.SQL("alter database {} set {} = {}").format(
                        sql.Identifier(parameters["dbname"]),
                        sql.SQL(name),
                        sql.Literal(value),
                    )
                )
        environ = os.environ | {
            _SLUG: slug,
            "TAP_AIRFLOW_METADATA_DATABASE_URL": conninfo.make_conninfo("", **parameters),
            "TAP_AIRFLOW_METADATA_SOURCE_SCHEMA": manifest.source.schema,
        }
        try:
            return subprocess.run(list(command), env=environ, check=False).returncode
        except OSError as error:
            msg = f"{command[0]} cannot be run: {error}"
            raise SnapshotSettingsError(msg) from None
