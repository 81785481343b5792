"""The address of the metadata database, in the forms that Airflow users have."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tap_airflow_metadata.errors import TapSettingsError

_SETTING = "database_url"
_POSTGRES = re.compile(r"^postgres(ql)?(\+[a-z0-9_]+)?://", re.IGNORECASE)

# libpq ends a login at the first @ or /, so a second @ is one that should be percent-encoded, and
# what stands before it is taken for a host or a database, which messages name.
_CUT_OFF_LOGIN = re.compile(_POSTGRES.pattern + r"[^@/]*[@/][^?]*@", re.IGNORECASE)

_USER_IN_URL = re.compile(_POSTGRES.pattern + r"(?P<user>[^:@/?]+)(:[^@/?]*)?@", re.IGNORECASE)
_USER_IN_PAIRS = re.compile(r"(^|\s)user\s*=\s*(?P<user>'(\\.|[^'\\])*'|\S+)")


def user_in(database_url: str) -> str | None:
    """Return the user that an address names, None if it names none.

    Args:
        database_url: In any of the forms that :func:`libpq_url` takes.
    """
    text = database_url.strip()
    if found := _USER_IN_URL.match(text):
        return unquote(found["user"])
    if "://" not in text and (found := _USER_IN_PAIRS.search(text)):
        return re.sub(r"\\(.)", r"\1", found["user"].strip("'"))
    return None


def libpq_url(database_url: str) -> str:
    """Return the address in a form that libpq takes.

    Args:
        database_url: A libpq URL, a libpq ``key=value`` string, or an SQLAlchemy URL such as the
            one in Airflow's ``sql_alchemy_conn`` (``postgresql+psycopg2://…``).

    Raises:
        TapSettingsError: It is empty, of another database, Airflow 3's placeholder, or has an @ or
            / that libpq would take for another part's. The message never repeats the address, which
            may hold a password.
    """
    text = database_url.strip()
    if not text:
        msg = (
            f"{_SETTING} is empty. Set TAP_AIRFLOW_METADATA_DATABASE_URL to the metadata database,"
            " for example postgresql://airflow_audit@db.example.com:5432/airflow"
        )
        raise TapSettingsError(msg)
    scheme = text.split("://", 1)[0].lower() if "://" in text else ""
    if scheme.startswith("airflow-db-not-allowed"):
        msg = (
            f"{_SETTING} is airflow-db-not-allowed://, the placeholder that Airflow 3 shows to"
            " tasks in place of its own database. Give the sync a read-only login of its own:"
            " `tap-airflow-metadata --grants` prints the SQL that makes one; then set"
            " TAP_AIRFLOW_METADATA_DATABASE_URL to it"
        )
        raise TapSettingsError(msg)
    if not scheme and "=" in text:
        return text
    if not _POSTGRES.match(text):
        found = f"a {scheme.split('+')[0]} address" if scheme else "no database address"
        msg = (
            f"{_SETTING} is {found}. Only Airflow metadata databases on PostgreSQL are supported:"
            " postgresql://user@host:5432/airflow"
        )
        raise TapSettingsError(msg)
    if _CUT_OFF_LOGIN.match(text):
        msg = (
            "TAP_AIRFLOW_METADATA_DATABASE_URL has more than one @, or one after a /. In user,"
            " password and database write %40 for @, and %2F for /"
        )
        raise TapSettingsError(msg)
    return _POSTGRES.sub("postgresql://", text)
