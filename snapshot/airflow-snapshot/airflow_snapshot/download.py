"""The archive of a snapshot as a local file, checked against the manifest."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from airflow_snapshot.anonymous_file import anonymous_file
from airflow_snapshot.encryption import Identity, copy_decrypted
from airflow_snapshot.errors import DamagedSnapshotError, SnapshotError
from airflow_snapshot.manifest import Manifest
from airflow_snapshot.store import Store

_BLOCK = 1024 * 1024


class _HashingReader:
    """Counts and hashes the bytes that are read through it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        self._size += len(data)
        return data

    def check(self, manifest: Manifest) -> None:
        """Read the rest, and compare size and SHA-256 with the manifest."""
        while self.read(_BLOCK):
            pass
        expected = manifest.archive
        if self._size != expected.size:
            msg = (
                f"The archive {expected.file} has {self._size:,} bytes, not {expected.size:,}:"
                " it is truncated or was changed"
            )
            raise DamagedSnapshotError(msg)
        if self._hash.hexdigest() != expected.sha256:
            msg = f"The archive {expected.file} was changed: its SHA-256 is not the manifest's"
            raise DamagedSnapshotError(msg)


@contextlib.contextmanager
def local_archive(manifest: Manifest, store: Store, identities: list[Identity]) -> Iterator[Path]:
    """Download and decrypt an archive for the time of the block.

    An unencrypted archive in a local folder is used where it is.

    Args:
        manifest: The snapshot's.
        store: Where it is kept.
        identities: Private keys, for an encrypted archive.

    Raises:
        DamagedSnapshotError: It is not what the manifest says.
        SnapshotSettingsError: It is encrypted to other keys.
        SnapshotError: It cannot be downloaded.
    """
    expected = manifest.archive
    path = store.local_path(expected.file)
    if path and not expected.is_encrypted:
        with store.reading(expected.file) as source:
            _HashingReader(source).check(manifest)
        yield path
        return
    with anonymous_file() as here:
        with store.reading(expected.file) as source:
            reader = _HashingReader(source)
            target = _Temporary(here.file)
            if expected.is_encrypted:
                copy_decrypted(cast("IO[bytes]", reader), cast("IO[bytes]", target), identities)
            else:
                while block := reader.read(_BLOCK):
                    target.write(block)
            reader.check(manifest)
        here.file.flush()
        yield here.path


class _Temporary:
    """A file whose errors name the temporary folder."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target

    def write(self, data: bytes) -> int:
        try:
            return self._target.write(data)
        except OSError as error:
            msg = f"The archive could not be written to {tempfile.gettempdir()}: {error}."
            raise SnapshotError(f"{msg} TMPDIR names another folder") from error

    def flush(self) -> None:
        self._target.flush()
