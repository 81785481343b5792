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
# What libpq says of an address that it cannot use, as a pattern, and what we say: its own words may
# repeat what it took for the part that is wrong, such as a piece of a password.
_WRONG_PARTS = {
    r'port number|option "port"': "its port has to be a number from 1 to 65535",
    "query parameter|connection option": "it has an option that libpq does not know; a URL begins"
    " with postgresql://",
    "definition of service|service file": "its service has to be in the file that PGSERVICEFILE"
    " names, or in ~/.pg_service.conf",
    "sslmode": "sslmode has to be disable, allow, prefer, require, verify-ca or verify-full, and"
    " verify-full with sslrootcert=system",
    'value: "': "one of its options has a value that libpq does not know",
}
# Without these, libpq has not tried to connect.
_REACHED = re.compile(
    r"connection to server|host name|server closed|SSL |PQ[a-z]+\(\)", re.IGNORECASE
)
# Does not pass: a server without TLS, a certificate that is not trusted, files that are not there.
_TLS = re.compile(r"does not support SSL|certificate|private key|SSL error: .* alert ")
# SQLSTATE classes and codes after which the same command may work later: connection exceptions,
# rollbacks, lack of resources, operator intervention, lock not available.
_PASSING_STATES = ("08", "40", "53", "57P", "55P03")
# Why a server ends a query, and at last the session, of somebody who did nothing wrong.
_ENDED_BY_SERVER = {
    "conflict with recovery": "The standby had to replay a change that the sync was still reading:"
    " {}. Try again; if it happens often, set hot_standby_feedback = on, or raise"
    " max_standby_streaming_delay, on the standby",
    "idle-in-transaction timeout": "The sync took longer to write the rows of a table than the"
    " server waits: {}. Raise idle_in_transaction_session_timeout for the login (alter role … set),"
    " or let TMPDIR or batch_config's storage.root be a faster disk",
    "transaction timeout": "The sync took longer than the server lets a transaction be: {}. Raise"
    " transaction_timeout for the login (alter role … set)",
}


def _translated(error: adbc_driver_manager.Error) -> TapError:  # noqa: PLR0911
    """Turn a driver's error into one that says whether a retry can help.

    The driver's message never holds the password: libpq leaves it out. A failed login has no
    SQLSTATE, because libpq does not pass it on.
    """
    text, state = _text(error), error.sqlstate or ""
    if ended := _ended_by_server(text):
        return ended
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
        advice = (advice for words, advice in _WRONG_PARTS.items() if re.search(words, text))
        anything = "special characters in user or password have to be percent-encoded"
        return SourceRefusedError(
            "The address in TAP_AIRFLOW_METADATA_DATABASE_URL could not be used;"
            f" {next(advice, anything)}"
        )
    if _TLS.search(text) and not _PASSING_REFUSALS.search(text):
        return SourceRefusedError(
            "The connection could not be encrypted as TAP_AIRFLOW_METADATA_DATABASE_URL asks; check"
            f" sslmode, and the files in sslrootcert, sslcert and sslkey: {text}"
        )
    is_refused = "FATAL" in text or "no password supplied" in text
    if is_refused and not _PASSING_REFUSALS.search(text):
        return SourceRefusedError(
            f"The database refused the login; check TAP_AIRFLOW_METADATA_DATABASE_URL: {text}"
        )
    return SourceUnavailableError(
        "The database did not answer or went away; check that it runs and can be reached at the"
        f" host and port in TAP_AIRFLOW_METADATA_DATABASE_URL: {text}"
    )


def _ended_by_server(text: str) -> TapError | None:
    advice = (advice for words, advice in _ENDED_BY_SERVER.items() if words in text)
    found = next(advice, None)
    return SourceUnavailableError(found.format(text)) if found else None


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
        if ended := _ended_by_server(_text(error)):
            raise ended from None
        raise SourceUnavailableError(
            f"The database went away or cancelled a query halfway: {_text(error)}. If it ran into"
            " the statement timeout, raise statement_timeout_seconds"
        ) from None
