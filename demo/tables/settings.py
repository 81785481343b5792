"""Connections, variables, sessions: rows whose secrets are canaries."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.company import Company
from demo.tables.copying import Connection, Row, copy_rows, has_table, random_uuid

ENCRYPTED = "gAAAAAB-"
"""How a value begins that Airflow has encrypted."""


def write_settings(connection: Connection, company: Company, until: datetime) -> None:
    """Fill connection, variable, session and the tables of tokens, and size the pools.

    Args:
        connection: To the migrated database.
        company: Whose settings.
        until: The moment at which they are as they are.
    """
    is_3 = company.environment.is_airflow_3
    copy_rows(
        connection,
        "connection",
        (
            {
                "id": number,
                "conn_id": name,
                "conn_type": entry["type"],
                "description": entry.get("description"),
                "host": entry.get("host"),
                "schema": entry.get("schema"),
                "login": entry.get("login"),
                "password": _secret(f"CANARY-connection.password-{name}", entry),
                "port": entry.get("port"),
                "is_encrypted": entry.get("encrypted", True),
                "is_extra_encrypted": entry.get("encrypted", True),
                "extra": _secret(f"CANARY-connection.extra-{name}", entry),
            }
            for number, (name, entry) in enumerate(company.people["connections"].items(), 1)
        ),
    )
    for name, pool in company.people["pools"].items():
        connection.execute("update slot_pool set slots = %s where pool = %s", (pool["slots"], name))
    copy_rows(
        connection,
        "variable",
        (
            {
                "id": number,
                "key": name,
                "val": _secret(f"CANARY-variable.val-{name}", entry),
                "description": entry.get("description"),
                "is_encrypted": entry.get("encrypted", True),
            }
            for number, (name, entry) in enumerate(company.people["variables"].items(), 1)
        ),
    )
    copy_rows(
        connection,
        "session",
        (
            {
                "id": number,
                "session_id": f"CANARY-session.session_id-{number}",
                "data": f"CANARY-session.data-{number}".encode(),
                "expiry": (until + timedelta(days=number)).replace(tzinfo=None),
            }
            for number in range(1, 8)
        ),
    )
    if is_3:
        _write_tokens(connection, until)
    else:
        _write_callback_request(connection, until)


def _secret(text: str, entry: Row) -> str:
    return ENCRYPTED + text if entry.get("encrypted", True) else text


def _write_tokens(connection: Connection, until: datetime) -> None:
    """Tables of Airflow 3 that hold tokens, and the address of the DAGs' repository."""
    copy_rows(
        connection,
        "revoked_token",
        [{"jti": "CANARY-revoked_token.jti", "exp": until + timedelta(hours=20)}],
    )
    if has_table(connection, "connection_test_request"):
        copy_rows(
            connection,
            "connection_test_request",
            [
                {
                    "id": random_uuid("connection test"),
                    "token": "CANARY-connection_test_request.token",
                    "connection_id": "ticket_system",
                    "state": "success",
                    "result_message": "Connection successfully tested",
                    "created_at": until - timedelta(hours=2),
                    "updated_at": until - timedelta(hours=2),
                    "conn_type": "http",
                    "host": "tickets.example",
                    "login": "CANARY-connection_test_request.login",
                    "password": "CANARY-connection_test_request.password",
                    "extra": "CANARY-connection_test_request.extra",
                }
            ],
        )
    connection.execute(
        """
        update dag_bundle set last_refreshed = %s,
            version = (select bundle_version from dag_version order by created_at desc limit 1),
            signed_url_template = 'CANARY-dag_bundle.signed_url_template',
            template_params = '{"token": "CANARY-dag_bundle.template_params"}'
        """,
        (until - timedelta(seconds=41),),
    )


def _write_callback_request(connection: Connection, until: datetime) -> None:
    copy_rows(
        connection,
        "callback_request",
        [
            {
                "id": 88,
                "created_at": until - timedelta(seconds=3),
                "priority_weight": 1,
                "callback_data": {"message": "CANARY-callback_request.callback_data"},
                "callback_type": "DagCallbackRequest",
                "processor_subdir": "/opt/airflow/dags",
            }
        ],
    )
