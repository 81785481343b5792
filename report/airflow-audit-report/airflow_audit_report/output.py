"""The destination of the report: a file, or an object by its URL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec

from airflow_audit_report.errors import ReportSettingsError, ReportUnavailableError

_WRONG_DESTINATION = (
    PermissionError,
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
)


def require_writable(destination: str) -> None:
    """Check the destination before the analyses run, as far as that needs no request.

    Args:
        destination: See `write`.

    Raises:
        ReportSettingsError: It may not be written, or is of an unknown kind.
    """
    with _translated_errors(destination):
        if "://" in destination:
            fsspec.core.url_to_fs(destination)
            return
        path = Path(destination)
        if path.is_dir():
            msg = f"{destination} is a folder"
            raise IsADirectoryError(msg)
        there = next(folder for folder in path.absolute().parents if folder.exists())
        if not there.is_dir():
            msg = f"{there} is not a folder"
            raise NotADirectoryError(msg)
        if not os.access(there, os.W_OK | os.X_OK):
            msg = f"the folder {there} is not writable"
            raise PermissionError(msg)


def write(text: str, destination: str) -> None:
    """Write an object, or a file atomically.

    Args:
        text: The content.
        destination: Path, or URL that fsspec knows, such as `s3://bucket/report.html`.

    Raises:
        ReportSettingsError: It may not be written, or is of an unknown kind.
        ReportUnavailableError: It cannot be reached, or is full.
    """
    with _translated_errors(destination):
        if "://" in destination:
            # Otherwise fsspec would create a misspelled bucket.
            with fsspec.open(destination, "w", encoding="utf-8", auto_mkdir=False) as file:
                file.write(text)
        else:
            _write_file(text, Path(destination))


@contextmanager
def _translated_errors(destination: str) -> Iterator[None]:
    try:
        yield
    except (ImportError, ValueError) as error:
        msg = f"--output {destination}: {error}. Name a path, s3://bucket/name or gs://bucket/name"
        raise ReportSettingsError(msg) from error
    except _WRONG_DESTINATION as error:
        msg = f"--output {destination} cannot be written: {error}"
        raise ReportSettingsError(msg) from error
    except OSError as error:
        msg = f"--output {destination} could not be written: {error}. Try again later"
        raise ReportUnavailableError(msg) from error


def _write_file(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Readers see the old report until the new one is complete.
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, path)  # noqa: PTH105
    finally:
        unfinished.unlink(missing_ok=True)
