"""Where snapshots are kept: a folder, or a place in an object store, of two files each.

The manifest is written last, when the archive is safe: without it there is no snapshot.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from airflow_snapshot.errors import SnapshotError, SnapshotSettingsError, SnapshotUnavailableError
from airflow_snapshot.manifest import Manifest

LATEST = "latest"
_MANIFEST = ".json"
_UNFINISHED = ".partial"
_OF_A_TAKE = re.compile(
    r"\.?(?P<name>[a-z0-9_-]+-(?P<moment>\d{8}T\d{6})\d{3}Z)\.(dump(\.age)?|json)(\.partial)?"
)
_A_DAY = timedelta(days=1)
_NEW_FILE = os.O_CREAT | os.O_EXCL | os.O_WRONLY
_STORE_LIBRARIES = {"aiobotocore", "aiohttp", "botocore", "gcsfs", "google", "s3fs"}


class StoreError(SnapshotError):
    """The place refused to be written or read, and will do so again."""


class HashingWriter:
    """Passes bytes on, and knows their number and SHA-256.

    Attributes:
        size: Bytes written.
        error: What went wrong in writing, if anything did.
    """

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._hash = hashlib.sha256()
        self.size = 0
        self.error: Exception | None = None

    def write(self, data: bytes) -> int:
        """Write all of it."""
        try:
            self._target.write(data)
        except Exception as error:
            self.error = error
            raise
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: the file is flushed when it is closed."""

    @property
    def sha256(self) -> str:
        """Of what was written."""
        return self._hash.hexdigest()


class Store:
    """One place with snapshots."""

    def __init__(self, location: str) -> None:
        """Take a place into use; nothing is made yet.

        Args:
            location: A folder, or an address that fsspec knows, such as `s3://bucket/folder`.

        Raises:
            SnapshotSettingsError: It is no place that this installation knows.
        """
        self.location = location
        try:
            self._files, root = fsspec.core.url_to_fs(location)
        except (ValueError, ImportError) as error:
            msg = f"The location {location!r} cannot be used: {error}"
            raise SnapshotSettingsError(msg) from None
        self._root = root.rstrip("/")
        self._is_local = isinstance(self._files, LocalFileSystem)

    def names(self) -> list[str]:
        """Return the names of all snapshots, sorted.

        Raises:
            StoreError: The place cannot be read.
            SnapshotUnavailableError: It may work later.
        """
        return sorted(
            name.removesuffix(_MANIFEST)
            for name in self._file_names()
            if name.endswith(_MANIFEST) and not name.startswith(".")
        )

    def manifests(self, environment_slug: str | None = None) -> list[Manifest]:
        """Return the manifests of all snapshots, or of one environment, the oldest first.

        Raises:
            DamagedSnapshotError: One cannot be read.
            StoreError: The place cannot be read.
            SnapshotUnavailableError: It may work later.
        """
        found = [self.manifest(name) for name in self.names()]
        if environment_slug:
            found = [one for one in found if one.environment_slug == environment_slug]
        return sorted(found, key=lambda one: one.taken_at)

    def manifest(self, name: str) -> Manifest:
        """Return the manifest of a snapshot.

        Raises:
            SnapshotSettingsError: There is no such snapshot.
            DamagedSnapshotError: It cannot be read.
            StoreError: The place cannot be read.
            SnapshotUnavailableError: It may work later.
        """
        with self._explained():
            path = self._path(name + _MANIFEST)
            if "/" in name or not self._files.exists(path):
                known = self.names()[-3:]
                hint = f"The newest there: {', '.join(known)}" if known else "There is none"
                msg = f"{self.location} has no snapshot {name!r}. {hint}"
                raise SnapshotSettingsError(msg)
            return Manifest.from_json(self._files.cat_file(path), name)

    def find(self, name: str, environment_slug: str | None) -> Manifest:
        """Return a snapshot by its name, or the newest for `latest`.

        Args:
            name: Of the snapshot, or `latest`.
            environment_slug: With `latest`, of this environment only; None for any.

        Raises:
            SnapshotSettingsError: There is none.
            DamagedSnapshotError: A manifest cannot be read.
            StoreError: The place cannot be read.
            SnapshotUnavailableError: It may work later.
        """
        if name != LATEST:
            return self.manifest(name)
        manifests = self.manifests(environment_slug)
        if not manifests:
            of = f" of {environment_slug}" if environment_slug else ""
            msg = f"{self.location} has no snapshot{of}"
            raise SnapshotSettingsError(msg)
        return manifests[-1]

    def add(self, manifest: Manifest) -> None:
        """Write the manifest of a snapshot whose archive is there; only now it exists."""
        with self.writing(manifest.name + _MANIFEST) as target:
            target.write(manifest.to_json().encode())

    def delete(self, manifest: Manifest) -> None:
        """Delete a snapshot: its manifest first, so that half of one is none."""
        with self._explained():
            self._files.rm_file(self._path(manifest.name + _MANIFEST))
            self._files.rm_file(self._path(manifest.archive.file))

    def leftovers(self, now: datetime) -> list[str]:
        """Return the names of files that takes left which were killed at least a day ago."""
        names, snapshots = self._file_names(), set(self.names())
        return [
            name
            for name in names
            if (found := _OF_A_TAKE.fullmatch(name))
            and found["name"] not in snapshots
            and now - datetime.strptime(found["moment"] + "+0000", "%Y%m%dT%H%M%S%z") > _A_DAY
        ]

    def delete_leftover(self, file: str) -> None:
        """Delete one of those files."""
        with self._explained():
            self._files.rm_file(self._path(file))

    def local_path(self, file: str) -> Path | None:
        """The path of a file, if it is on this machine."""
        return Path(self._path(file)) if self._is_local else None

    @contextlib.contextmanager
    def reading(self, file: str) -> Iterator[IO[bytes]]:
        """Open a file to be read.

        Raises:
            StoreError: It is not there, or cannot be read.
            SnapshotUnavailableError: It may work later.
        """
        with self._explained(), self._files.open(self._path(file), "rb") as source:
            yield source

    @contextlib.contextmanager
    def writing(self, file: str) -> Iterator[HashingWriter]:
        """Open a new file to be written; it is there under its name only when all of it is.

        Raises:
            StoreError: It cannot be written.
            SnapshotUnavailableError: It may work later.
        """
        with self._explained():
            place = self._written_locally(file) if self._is_local else self._uploaded(file)
            with place as target:
                yield HashingWriter(target)

    @contextlib.contextmanager
    def _written_locally(self, file: str) -> Iterator[IO[bytes]]:
        path = Path(self._path(file))
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}{_UNFINISHED}")
        try:
            # Snapshots hold everything that Airflow knows, so they are for their owner alone.
            with os.fdopen(os.open(unfinished, _NEW_FILE, 0o600), "wb") as target:
                yield target
                target.flush()
                os.fsync(target.fileno())
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def _uploaded(self, file: str) -> Iterator[IO[bytes]]:
        # An object appears when it is closed.
        target = self._files.open(self._path(file), "wb")
        try:
            yield cast("IO[bytes]", target)
        except BaseException:
            target.discard()
            raise
        target.close()

    def _file_names(self) -> list[str]:
        with self._explained():
            if not self._files.exists(self._root):
                return []
            return [
                str(entry["name"]).rsplit("/", 1)[-1]
                for entry in self._files.ls(self._root, detail=True, refresh=True)
            ]

    def _path(self, file: str) -> str:
        return f"{self._root}/{file}"

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SnapshotError:
            raise
        except (PermissionError, FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            msg = f"{self.location}: {error}. Check the location and the rights to it"
            raise StoreError(msg) from error
        except OSError as error:
            if self._is_local:
                hint = ". Make room there" if error.errno == errno.ENOSPC else ""
                msg = f"{self.location}: {error}{hint}"
                raise StoreError(msg) from error
            raise self._unavailable(error) from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] in _STORE_LIBRARIES:
                raise self._unavailable(error) from error
            raise

    def _unavailable(self, error: Exception) -> SnapshotUnavailableError:
        return SnapshotUnavailableError(
            f"{self.location}: {type(error).__name__}: {error}. Check the network and the log-in"
        )
