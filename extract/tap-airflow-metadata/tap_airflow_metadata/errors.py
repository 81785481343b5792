"""Errors a user can act on; the exit code says whether trying again can help."""

from __future__ import annotations

import os

EXIT_RETRYABLE = os.EX_TEMPFAIL  # the same command may work later
EXIT_FINAL = os.EX_CONFIG  # a setting, a right or the source has to change first


class TapError(Exception):
    """What happened, which setting or table it concerns, and what to do.

    Attributes:
        exit_code: Exit code of the process that ends with this error.
    """

    exit_code = EXIT_FINAL


class TapSettingsError(TapError):
    """A setting is wrong; nothing was read."""


class NotAnAirflowDatabaseError(TapError):
    """The database was reached and holds no Airflow metadata."""


class UnknownSchemaError(TapError):
    """Tables match no known Airflow; nothing was read."""


class RestoredSnapshotError(TapError):
    """A restored snapshot lacks a valid time or source."""


class OlderSourceError(TapError):
    """The database is older than what was synced before; nothing was read."""


class LaggingStandbyError(TapError):
    """The standby has not yet replayed what was synced before; nothing was read."""

    exit_code = EXIT_RETRYABLE


class UnreadableTableError(TapError):
    """The login may not read tables that the sync needs."""


class StagedFilesError(TapError):
    """A staged sync is incomplete, or contradicts its manifest."""


class SourceRefusedError(TapError):
    """The database refused the login or the query, and will do so again."""


class SourceUnavailableError(TapError):
    """The database could not be reached, went away, or was too busy."""

    exit_code = EXIT_RETRYABLE
