"""Errors a user can act on; the exit code says whether trying again can help."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

EXIT_RETRYABLE = os.EX_TEMPFAIL  # the same command may work later
EXIT_FINAL = os.EX_CONFIG  # a setting, the input or the warehouse has to change


class LoadError(Exception):
    """What happened, which setting or table it concerns, and what to do.

    Attributes:
        exit_code: Exit code of the process that ends with this error.
    """

    exit_code = EXIT_FINAL


class TargetSettingsError(LoadError):
    """A setting is missing or wrong; no input was read."""


class InputError(LoadError):
    """A message, or a file that it names, cannot be loaded; nothing was written."""


class ColumnTypeChangedError(LoadError):
    """A column has another type in the warehouse; nothing was written."""


class OlderSyncError(LoadError):
    """The warehouse holds the same tables of a later moment; nothing was written."""


class OlderStandbyError(LoadError):
    """What was sent is of a standby that is behind the warehouse; nothing was written."""

    exit_code = EXIT_RETRYABLE


class OtherEnvironmentError(LoadError):
    """The schema holds another Airflow environment; nothing was written."""


class WarehouseRefusedError(LoadError):
    """The warehouse cannot be opened, or refused a table."""


class IncompleteInputError(LoadError):
    """The tap stopped before the end of its sync; nothing was written."""

    exit_code = EXIT_RETRYABLE


class OverlappingLoadError(LoadError):
    """Another load wrote the same tables at the same time; the next one puts them right."""

    exit_code = EXIT_RETRYABLE


class WarehouseUnavailableError(LoadError):
    """The warehouse cannot be reached now."""

    exit_code = EXIT_RETRYABLE


class DiskFullError(LoadError):
    """There is no room for the warehouse or for records on their way to it."""

    exit_code = EXIT_RETRYABLE


def is_disk_full(error: BaseException) -> bool:
    """Return whether the operating system had no room for a file."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def first_line(error: BaseException) -> str:
    """Return what an error says first, or its kind if it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that led to it, the first cause last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
