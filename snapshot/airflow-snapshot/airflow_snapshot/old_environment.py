"""What in a copy still points to the environment it was taken from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from airflow_snapshot.database import Connection
from airflow_snapshot.fernet import Keyring

# Keys of a connection's extra that name an account of a service whose host everybody shares.
_ACCOUNT_KEYS = {
    "account",
    "account_id",
    "account_name",
    "aws_account_id",
    "project",
    "project_id",
    "subscription_id",
}
# The same name in every environment, for another host.
_HERE = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104  (compared, never bound to)

_PROVIDER_PREFIX = re.compile(r"^extra__\w+?__")
_ARN_ACCOUNT = re.compile(r"\barn:[\w-]+:[\w-]*:[\w-]*:(\d{12}):")
_SCHEME = re.compile(r"^[\w+.-]+://")


@dataclass(frozen=True)
class Endpoint:
    """Where a connection leads.

    Attributes:
        host: As Airflow stores it: a name, maybe with a scheme, or several separated by commas.
        extra: Its extra, decrypted; None if it has none, or no key reads it.
    """

    host: str | None
    extra: str | None

    def names(self) -> set[str]:
        """Return the hosts and accounts that identify it, in lower case."""
        found = set(_hosts(self.host or ""))
        for key, text in _texts(self.extra):
            if _PROVIDER_PREFIX.sub("", key) in _ACCOUNT_KEYS:
                found.add(text.lower())
            found.update(_ARN_ACCOUNT.findall(text))
        return found - _HERE - {""}

    def text(self) -> str:
        """Return everything that may name a host or an account."""
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
    """Read the variables, decrypted; those that no key reads are left out."""
    rows = connection.execute(
        "select key, val, coalesce(is_encrypted, false) from variable where val <> ''"
    )
    values = ((key, keyring.read(value, is_encrypted=encrypted)) for key, value, encrypted in rows)
    return {key: value for key, value in values if value is not None}


def mentioning(texts: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of the texts that contain one of the names as a whole word."""
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if not either:
        return ()
    # "db" is not mentioned in "db.example.com".
    word = re.compile(rf"(?<![\w.-])(?:{either})(?!\.?[\w-])", re.IGNORECASE)
    return tuple(sorted(key for key, text in texts.items() if word.search(text)))


def _hosts(text: str) -> Iterator[str]:
    for part in text.split(","):
        address = _SCHEME.sub("", part.strip()).split("/", 1)[0].rpartition("@")[2]
        bracketed = re.match(r"\[(.*?)\]", address)
        host = bracketed[1] if bracketed else re.sub(r":\d+$", "", address)
        yield host.lower()


def _texts(extra: str | None) -> Iterator[tuple[str, str]]:
    """Yield the texts and numbers of an extra with their keys, also from JSON within JSON."""
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
        # Such as a cloud's key file, which is a text.
        yield from _texts(value)
    elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        yield key, str(value)
