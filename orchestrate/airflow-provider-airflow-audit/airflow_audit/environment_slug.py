"""The short name of this Airflow environment, which names the schema in the warehouse."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from airflow.configuration import conf

from airflow_audit.airflow_api import AirflowFailException

_SLUG = re.compile(r"^[a-z0-9][a-z0-9_-]{0,47}$")


def find_environment_slug(given: str | None) -> str:
    """Return the given slug, or the default one.

    Args:
        given: The operator's argument.

    Raises:
        AirflowFailException: There is none, or it cannot be part of a schema's name.
    """
    slug = given or default_environment_slug()
    if slug and _SLUG.match(slug):
        return slug
    problem = f"The environment slug is {slug!r}" if slug else "This environment has no slug"
    msg = (
        f"{problem}. Give the operator an environment_slug, or set ENVIRONMENT_SLUG: a short name,"
        " of lower case letters, digits, - and _, such as production; it names the schema"
    )
    raise AirflowFailException(msg)


def default_environment_slug() -> str | None:
    """Return the slug from the environment or from Airflow's base URL, None if there is none."""
    return (
        os.environ.get("ENVIRONMENT_SLUG")
        or os.environ.get("DATACOVES__ENVIRONMENT_SLUG")
        or _slug_from_base_url()
    )


def _slug_from_base_url() -> str | None:
    """Return `qwe123` for `https://airflow-qwe123.example.com`, None without such a name."""
    for section in ("api", "webserver"):  # Airflow 3, Airflow 2
        host = urlsplit(conf.get(section, "base_url", fallback="") or "").hostname or ""
        name, _, domain = host.partition(".")
        if domain and not name.isdigit():
            return name.removeprefix("airflow-")
    return None
