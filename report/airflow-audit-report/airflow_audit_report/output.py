"""Where the report goes: a file, or an object by its URL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec

from airflow_audit_report.errors import ReportSettingsError, ReportUnavailableError

_WRONG_PLACE = (
    PermissionError,
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
)


def require_writable(place: str) -> None:
    """Refuse what `write` could only refuse after the marts were asked.

    An object's bucket and login are not tried: that would take a request, or an object.

    Args:
        place: As of `write`.

    Raises:
        ReportSettingsError: The place may not be written, or its kind is not known.
    """
    with _explained(place):
        if "://" in place:
            fsspec.core.url_to_fs(place)
            return
        path = Path(place)
        if path.is_dir():
            msg = f"{place} is a folder"
            raise IsADirectoryError(msg)
        there = next(folder for folder in path.absolute().parents if folder.exists())
        if not there.is_dir():
            msg = f"{there} is not a folder"
            raise NotADirectoryError(msg)
        if not os.access(there, os.W_OK | os.X_OK):
            msg = f"the folder {there} is not writable"
            raise PermissionError(msg)


def write(text: str, place: str) -> None:
    """Write a file whole or not at all, or an object.

    Args:
        text: What is written.
        place: Path, or URL that fsspec knows, such as `s3://bucket/report.html`.

    Raises:
        ReportSettingsError: The place may not be written, or its kind is not known.
        ReportUnavailableError: It cannot be reached, or is full.
    """
    with _explained(place):
        if "://" in place:
            # Else a misspelled bucket would be made.
            with fsspec.open(place, "w", encoding="utf-8", auto_mkdir=False) as file:
                file.write(text)
        else:
            _write_file(text, Path(place))


@contextmanager
def _explained(place: str) -> Iterator[None]:
    try:
        yield
    except (ImportError, ValueError) as error:
        msg = f"--output {place}: {error}. Name a path, s3://bucket/name or gs://bucket/name"
        raise ReportSettingsError(msg) from error
    except _WRONG_PLACE as error:
        msg = f"--output {place} cannot be written: {error}"
        raise ReportSettingsError(msg) from error
    except OSError as error:
        msg = f"--output {place} could not be written: {error}. Try again later"
        raise ReportUnavailableError(msg) from error


def _write_file(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whoever opens the old one meanwhile sees all of it.
    begun = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        begun.write_text(text, encoding="utf-8")
        os.replace(begun, path)  # noqa: PTH105
    finally:
        begun.unlink(missing_ok=True)
