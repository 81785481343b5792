"""What a connection to the metadata database says of the way there is what libpq takes."""

from __future__ import annotations

import ast

from psycopg import pq

from tests.orchestrate.provider import PROVIDER

# A connection's own fields; what the tap's driver needs; a person at a browser; for debugging.
NOT_TAKEN = {"user", "password", "dbname", "host", "port", "client_encoding"}
NOT_TAKEN |= {"fallback_application_name", "sslkeylogfile", "replication"}


def taken_options() -> tuple[str, ...]:
    """Read the provider's list, which is in a module that needs Airflow."""
    module = ast.parse((PROVIDER / "airflow_audit" / "source_login.py").read_text())
    [value] = [
        node.value
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_LIBPQ"
    ]
    options: tuple[str, ...] = ast.literal_eval(value)
    return options


def test_every_option_of_libpq_can_be_in_a_connections_extra() -> None:
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    logins_without_a_password = {name for name in known if name.startswith(("oauth_", "scram_"))}
    assert logins_without_a_password
    assert set(taken_options()) == known - NOT_TAKEN - logins_without_a_password
