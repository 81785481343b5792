"""Errors a user can act on; the exit code says whether trying again can help."""

from __future__ import annotations

import os

EXIT_RETRYABLE = os.EX_TEMPFAIL  # the same command may work later
EXIT_FINAL = os.EX_CONFIG  # a setting, a right or the source has to change first


class SnapshotError(Exception):
    """What happened, which setting, snapshot or table it concerns, and what to do.

    Attributes:
        exit_code: Exit code of the process that ends with this error.
    """

    exit_code = EXIT_FINAL


class SnapshotSettingsError(SnapshotError):
    """A setting or an argument is wrong; nothing was read or written."""


class RefusedError(SnapshotError):
    """The request would do harm; nothing was changed."""


class DatabaseError(SnapshotError):
    """A database refused a login or a statement, and will do so again."""


class DamagedSnapshotError(SnapshotError):
    """A snapshot is incomplete, or not what its manifest says."""


class SnapshotUnavailableError(SnapshotError):
    """A database or store could not be reached, went away, or was too busy."""

    exit_code = EXIT_RETRYABLE
