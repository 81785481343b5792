"""Where the report goes: a file, or an object by its URL."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import fsspec

from airflow_audit_report.errors import SettingsError, UnavailableError

_WRONG_PLACE = (
    PermissionError,
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
)


def write(text: str, place: str) -> None:
    """Write a file whole or not at all, or an object.

    Args:
        text: What is written.
        place: Path, or URL that fsspec knows, such as `s3://bucket/report.html`.

    Raises:
        SettingsError: The place may not be written, or its kind is not known.
        UnavailableError: It cannot be reached, or is full.
    """
    try:
        if "://" in place:
            # Else a misspelled bucket would be made.
            with fsspec.open(place, "w", encoding="utf-8", auto_mkdir=False) as file:
                file.write(text)
        else:
            _write_file(text, Path(place))
    except (ImportError, ValueError) as error:
        msg = f"--output {place}: {error}. Name a path, s3://bucket/name or gs://bucket/name"
        raise SettingsError(msg) from error
    except _WRONG_PLACE as error:
        msg = f"--output {place} cannot be written: {error}"
        raise SettingsError(msg) from error
    except OSError as error:
        msg = f"--output {place} could not be written: {error}. Try again later"
        raise UnavailableError(msg) from error


def _write_file(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whoever opens the old one meanwhile sees all of it.
    begun = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        begun.write_text(text, encoding="utf-8")
        os.replace(begun, path)  # noqa: PTH105
    finally:
        begun.unlink(missing_ok=True)
