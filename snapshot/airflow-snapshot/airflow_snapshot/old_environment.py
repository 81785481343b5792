"""What of a copy still leads to the environment it was taken from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from airflow_snapshot.database import Connection
from airflow_snapshot.fernet import Keyring

# Keys of a connection's extra that say whose it is at a service whose host is everybody's.
_ACCOUNT_KEYS = {
    "account",
    "account_id",
    "account_name",
    "aws_account_id",
    "project",
    "project_id",
    "subscription_id",
}
# Each environment has its own.
_HERE = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104  (compared, never bound to)

_PROVIDER_PREFIX = re.compile(r"^extra__\w+?__")
_ARN_ACCOUNT = re.compile(r"\barn:[\w-]+:[\w-]*:[\w-]*:(\d{12}):")
_SCHEME = re.compile(r"^[\w+.-]+://")


@dataclass(frozen=True)
class Endpoint:
    """Where a connection leads.

    Attributes:
        host: As Airflow keeps it: a name, with a scheme or several with commas in between.
        extra: The text of its extra in the clear; None if it has none, or no key reads it.
    """

    host: str | None
    extra: str | None

    def names(self) -> set[str]:
        """The hosts and accounts that tell this place, in lower case."""
        found = set(_hosts(self.host or ""))
        for key, text in _texts(self.extra):
            if _PROVIDER_PREFIX.sub("", key) in _ACCOUNT_KEYS:
                found.add(text.lower())
            found.update(_ARN_ACCOUNT.findall(text))
        return found - _HERE - {""}

    def text(self) -> str:
        """Everything in which a host or an account may stand."""
        return "\n".join([self.host or "", *(text for _, text in _texts(self.extra))])


def read_endpoints(connection: Connection, keyring: Keyring) -> dict[str, Endpoint]:
    """Read where each connection leads, by conn_id."""
    rows = connection.execute(
        "select conn_id, host, extra, coalesce(is_extra_encrypted, false) from connection"
    )
    return {
        conn_id: Endpoint(host, extra and keyring.read(extra, is_encrypted=is_encrypted))
        for conn_id, host, extra, is_encrypted in rows
    }


def read_variables(connection: Connection, keyring: Keyring) -> dict[str, str]:
    """Read the variables that a key reads, or that are in the clear."""
    rows = connection.execute(
        "select key, val, coalesce(is_encrypted, false) from variable where val <> ''"
    )
    values = ((key, keyring.read(value, is_encrypted=encrypted)) for key, value, encrypted in rows)
    return {key: value for key, value in values if value is not None}


def mentioning(texts: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    """The keys of the texts in which one of the names stands as a word of its own."""
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if not either:
        return ()
    # A host's name does not stand in that of another, such as "db" in "db.example.com".
    word = re.compile(rf"(?<![\w.-])(?:{either})(?!\.?[\w-])", re.IGNORECASE)
    return tuple(sorted(key for key, text in texts.items() if word.search(text)))


def _hosts(text: str) -> Iterator[str]:
    for part in text.split(","):
        address = _SCHEME.sub("", part.strip()).split("/", 1)[0].rpartition("@")[2]
        bracketed = re.match(r"\[(.*?)\]", address)
        host = bracketed[1] if bracketed else re.sub(r":\d+$", "", address)
        yield host.lower()


def _texts(extra: str | None) -> Iterator[tuple[str, str]]:
    """The texts and numbers of an extra with their keys, those of JSON in JSON too."""
    try:
        yield from _leaves("", json.loads(extra or "{}"))
    except json.JSONDecodeError:
        yield "", extra or ""


def _leaves(key: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(name, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(key, inner)
    elif isinstance(value, str) and value.lstrip().startswith("{"):
        # A key file of a cloud stands as text in its field.
        yield from _texts(value)
    elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        yield key, str(value)
