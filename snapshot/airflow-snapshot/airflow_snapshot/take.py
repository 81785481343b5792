"""Take a snapshot: an archive and a manifest of the same transaction."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, cast

from airflow_snapshot import archive
from airflow_snapshot.contents import Contents, read_contents, table_names
from airflow_snapshot.encryption import SUFFIX, Recipient, copy_encrypted
from airflow_snapshot.errors import SnapshotSettingsError
from airflow_snapshot.exported_snapshot import ExportedSnapshot, export_snapshot
from airflow_snapshot.manifest import Archive, Manifest
from airflow_snapshot.progress import Progress
from airflow_snapshot.secrets import scratch_without_secrets
from airflow_snapshot.store import HashingWriter, Store

# As the tap has it, because snapshots are synced too.
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")


@dataclass(frozen=True)
class TakeRequest:
    """What to take.

    Attributes:
        source: Address of the metadata database.
        schema: Postgres schema of Airflow's tables.
        environment_slug: Short name of the environment, with which the snapshot's name begins.
        recipients: Public keys to encrypt the archive to; empty for no encryption.
        has_secrets: Whether secrets are included.
    """

    source: dict[str, str]
    schema: str
    environment_slug: str | None
    recipients: Sequence[Recipient] = ()
    has_secrets: bool = True


def take(request: TakeRequest, store: Store, progress: Progress) -> Manifest:
    """Take a snapshot; an error leaves none.

    Args:
        request: What to take.
        store: Where to keep it.
        progress: Reports tables and bytes to the user.

    Raises:
        SnapshotError: The database cannot be read, or the store not be written.
    """
    if not request.environment_slug:
        msg = "--environment-slug (or ENVIRONMENT_SLUG) is not set; it begins the snapshot's name"
        raise SnapshotSettingsError(msg)
    if not _SLUG.fullmatch(request.environment_slug):
        msg = (
            f"The environment slug {request.environment_slug!r} may hold small letters, digits, -"
            " and _ only, at most 48 (ENVIRONMENT_SLUG)"
        )
        raise SnapshotSettingsError(msg)
    with export_snapshot(request.source, request.schema) as exported:
        stamp = f"{exported.taken_at:%Y%m%dT%H%M%S}{exported.taken_at.microsecond // 1000:03}Z"
        name = f"{request.environment_slug}-{stamp}"
        file = f"{name}.dump{SUFFIX if request.recipients else ''}"
        running = exported.running()
        with contextlib.ExitStack() as stack:
            read, emptied = exported, None
            if not request.has_secrets:
                read, emptied = stack.enter_context(scratch_without_secrets(exported))
            with store.writing(file) as target:
                contents = _copy(read, target, request.recipients, progress)
        manifest = Manifest(
            name=name,
            environment_slug=request.environment_slug,
            taken_at=exported.taken_at,
            has_secrets=request.has_secrets,
            source=exported.source,
            running=running,
            contents=contents,
            archive=Archive(file, target.size, target.sha256, bool(request.recipients)),
            emptied=emptied,
        )
    store.add(manifest)
    return manifest


def _copy(
    exported: ExportedSnapshot,
    target: HashingWriter,
    recipients: Sequence[Recipient],
    progress: Progress,
) -> Contents:
    """Write the archive, and meanwhile read the contents that it must have."""
    schema = exported.source.schema
    tables = table_names(exported.connection, schema)
    with archive.dump(exported) as output:
        pump = _Pump(lambda: copy_encrypted(output, cast("IO[bytes]", target), recipients), target)
        pump.start()

        def done(_: str) -> None:
            pump.check()
            progress.table_done()

        with progress.over(len(tables), lambda: target.size):
            contents = read_contents(exported.connection, schema, tables, done)
            pump.join()
            pump.check()
    return contents


class _Pump(threading.Thread):
    """Copies bytes in a thread, to the end or until pg_dump is killed."""

    def __init__(self, move: Callable[[], None], target: HashingWriter) -> None:
        super().__init__(daemon=True)
        self._move = move
        self._target = target
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._move()
        except Exception as error:  # noqa: BLE001  # raised again by check
            self._error = error

    def check(self) -> None:
        """Raise the thread's error, if it has failed."""
        # A library in between may have replaced the writer's error by one of its own.
        if error := self._target.error or self._error:
            raise error
