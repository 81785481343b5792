"""Translates the driver's errors into ours, which say whether a retry can help."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import adbc_driver_manager
import pyarrow as pa

from tap_airflow_metadata.errors import SourceRefusedError, SourceUnavailableError, TapError

# FATAL as the answer to a login is final, except for these passing states.
_PASSING_REFUSALS = re.compile(
    r"too many|remaining connection slots|starting up|shutting down|recovery|not yet accepting"
    r"|terminating connection",
    re.IGNORECASE,
)
_REACHED = re.compile(
    r"connection to server|host name|server closed|SSL|PQ[a-z]+\(\)", re.IGNORECASE
)
# SQLSTATE classes and codes after which the same command may work later: connection exceptions,
# rollbacks, lack of resources, operator intervention, lock not available.
_PASSING_STATES = ("08", "40", "53", "57P", "55P03")
# A standby cancels queries, and at last sessions, that block its replay.
_RECOVERY_CONFLICT = "conflict with recovery"


def _translated(error: adbc_driver_manager.Error) -> TapError:  # noqa: PLR0911
    """Turn a driver's error into one that says whether a retry can help.

    The driver's message never holds the password: libpq leaves it out. A failed login has no
    SQLSTATE, because libpq does not pass it on.
    """
    text, state = _text(error), error.sqlstate or ""
    if _RECOVERY_CONFLICT in text:
        return _recovery_conflict(text)
    if state == "57014":
        return SourceUnavailableError(
            f"The database cancelled a query: {text}. If it ran into the statement timeout, raise"
            " statement_timeout_seconds"
        )
    if state == "55P03":
        return SourceUnavailableError(
            f"A table is locked: {text}. A migration or clean-up of Airflow may be running; try"
            " again when it is done, or raise lock_timeout_seconds"
        )
    if state == "42501":
        return SourceRefusedError(
            f"The login lacks a right: {text}. `tap-airflow-metadata --grants` prints what it needs"
        )
    if state:
        kind = SourceUnavailableError if state.startswith(_PASSING_STATES) else SourceRefusedError
        return kind(f"The database refused a query: {text}")
    if not _REACHED.search(text):
        # libpq repeats the part of the address that it could not parse, maybe the password.
        return SourceRefusedError(
            "The address in TAP_AIRFLOW_METADATA_DATABASE_URL could not be used; special characters"
            " in user or password have to be percent-encoded, and TLS files have to exist"
        )
    if "FATAL" in text and not _PASSING_REFUSALS.search(text):
        return SourceRefusedError(
            f"The database refused the login; check TAP_AIRFLOW_METADATA_DATABASE_URL: {text}"
        )
    return SourceUnavailableError(
        f"The database did not answer or went away; check that it runs and can be reached: {text}"
    )


def _recovery_conflict(text: str) -> TapError:
    return SourceUnavailableError(
        f"The standby had to replay a change that the sync was still reading: {text}. Try again; if"
        " it happens often, set hot_standby_feedback = on, or raise max_standby_streaming_delay, on"
        " the standby"
    )


def _text(error: Exception) -> str:
    return " ".join(str(error).replace("[libpq] ", "").split())


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Raise the driver's errors as ours, which say what to do."""
    try:
        yield
    except adbc_driver_manager.Error as error:
        raise _translated(error) from None
    except (OSError, pa.ArrowException) as error:
        # Arrow's error in the middle of a result, without SQLSTATE. What is final, such as a
        # missing right, shows before the first row.
        if "[libpq]" not in str(error):
            raise
        if _RECOVERY_CONFLICT in str(error):
            raise _recovery_conflict(_text(error)) from None
        raise SourceUnavailableError(
            f"The database went away or cancelled a query halfway: {_text(error)}. If it ran into"
            " the statement timeout, raise statement_timeout_seconds"
        ) from None
