"""Errors a user can act on; the exit code says whether trying again can help."""

from __future__ import annotations

import os

EXIT_RETRYABLE = os.EX_TEMPFAIL  # the same command may work later
EXIT_FINAL = os.EX_CONFIG  # a setting, a right or the marts have to change first


class ReportError(Exception):
    """What happened, which setting or mart it concerns, and what to do.

    Attributes:
        exit_code: Exit code of the process that ends with this error.
    """

    exit_code = EXIT_FINAL


class ReportSettingsError(ReportError):
    """A setting or an argument is wrong; nothing was written."""


class MartsError(ReportError):
    """Marts are missing, or the warehouse refused a query, and will do so again."""


class ReportUnavailableError(ReportError):
    """The warehouse or the destination could not be reached, or was in use."""

    exit_code = EXIT_RETRYABLE
