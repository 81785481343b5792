"""A store of snapshots, two files each, in a folder or an object store.

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
    """The store refused a read or a write, and will do so again."""


class HashingWriter:
    """Counts and hashes the bytes that are written through it.

    Attributes:
        size: Bytes written.
        error: The error of a failed write.
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
        """The SHA-256 of all bytes so far."""
        return self._hash.hexdigest()


class Store:
    """Snapshots below one location."""

    def __init__(self, location: str) -> None:
        """Parse the location; nothing is created yet.

        Args:
            location: A folder, or a URL that fsspec knows, such as `s3://bucket/folder`.

        Raises:
            SnapshotSettingsError: This installation does not know such a location.
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
            StoreError: The store cannot be read.
            SnapshotUnavailableError: A retry may help.
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
            StoreError: The store cannot be read.
            SnapshotUnavailableError: A retry may help.
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
            StoreError: The store cannot be read.
            SnapshotUnavailableError: A retry may help.
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
            StoreError: The store cannot be read.
            SnapshotUnavailableError: A retry may help.
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
        """Write the manifest of a snapshot, after its archive; only now it exists."""
        with self.writing(manifest.name + _MANIFEST) as target:
            target.write(manifest.to_json().encode())

    def delete(self, manifest: Manifest) -> None:
        """Delete a snapshot, its manifest first, so that no half of one is left."""
        with self._explained():
            self._files.rm_file(self._path(manifest.name + _MANIFEST))
            self._files.rm_file(self._path(manifest.archive.file))

    def leftovers(self, now: datetime) -> list[str]:
        """Return the files of takes that were killed at least a day ago."""
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
        """Return the path of a file, if the store is a local folder."""
        return Path(self._path(file)) if self._is_local else None

    @contextlib.contextmanager
    def reading(self, file: str) -> Iterator[IO[bytes]]:
        """Open a file for reading.

        Raises:
            StoreError: It is not there, or cannot be read.
            SnapshotUnavailableError: A retry may help.
        """
        with self._explained(), self._files.open(self._path(file), "rb") as source:
            yield source

    @contextlib.contextmanager
    def writing(self, file: str) -> Iterator[HashingWriter]:
        """Open a new file for writing; it gets its name only when it is complete.

        Raises:
            StoreError: It cannot be written.
            SnapshotUnavailableError: A retry may help.
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
            # Snapshots hold everything that Airflow knows, so only their owner may read them.
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
