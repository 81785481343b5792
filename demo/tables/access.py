"""Users, roles and groups, beyond what the real Airflow's commands make."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from demo.company import Company
from demo.present import NOW, dice
from demo.simulation.records import History
from demo.tables.copying import Connection, copy_rows, look_up

USERS = "select username, id from ab_user"


def write_access(connection: Connection, company: Company, until: datetime) -> None:
    """Give the users their past, take away what they got later, and give Airflow 3 its groups.

    Args:
        connection: To a database in which the real Airflow has made users and roles.
        company: Whose people, as of the moment.
        until: The moment.
    """
    # Who made an account points at another account.
    makers = look_up(connection, USERS)
    for name, user in company.people["users"].items():
        chance = dice(company.environment.slug, name)
        created = _ago(user["created"], chance.uniform(0, 0.3))
        seen, count = _logins(user, chance, until)
        connection.execute(
            """
            update ab_user set password = %s, active = %s, last_login = %s, login_count = %s,
                fail_login_count = %s, created_on = %s, changed_on = %s, created_by_fk = %s
            where username = %s
            """,
            (
                f"CANARY-ab_user.password-{name}",
                user.get("active", True),
                seen,
                count,
                user.get("failed", 0),
                created,
                created,
                makers["priya"] if name.startswith("svc-") else None,
                name,
            ),
        )
        connection.execute(
            "delete from ab_user_role where user_id = %s"
            " and role_id not in (select id from ab_role where name = any(%s))",
            (makers[name], user["roles"]),
        )
    later = [number for name, number in makers.items() if name not in company.people["users"]]
    connection.execute("delete from ab_user_role where user_id = any(%s)", (later,))
    connection.execute("delete from ab_user where id = any(%s)", (later,))
    if groups := company.people.get("groups"):
        _write_groups(connection, groups)
    copy_rows(
        connection,
        "ab_register_user",
        [
            {
                "id": 1,
                "first_name": "Pending",
                "last_name": "Person",
                "username": "pending",
                "password": "CANARY-ab_register_user.password",
                "email": "pending@fernwick.example",
                "registration_date": _ago(2, 0),
                "registration_hash": "CANARY-ab_register_user.registration_hash",
            }
        ],
    )


def write_favorites(connection: Connection, history: History) -> None:
    """Fill `dag_favorite` (Airflow 3)."""
    users = look_up(connection, USERS)
    copy_rows(
        connection,
        "dag_favorite",
        (
            {"user_id": str(users[action.by]), "dag_id": action.dag_id}
            for action in history.actions
            if action.do == "favorite"
        ),
    )


def _logins(user: dict[str, Any], chance: Random, until: datetime) -> tuple[datetime | None, int]:
    """Time of the last login before a moment, and how many there were by then."""
    if user["last_login"] is None:
        return None, user["logins"]
    seen = _ago(user["last_login"], chance.uniform(0, 0.01))
    left = (NOW - until) / timedelta(days=user["created"])
    if seen <= until.replace(tzinfo=None):
        return seen, user["logins"]
    return seen - (NOW - until), round(user["logins"] * (1 - left))


def _ago(days: float, more: float) -> datetime:
    """A time before the demo's present; `ab_user` keeps UTC without saying so."""
    return (NOW - timedelta(days=days + more)).replace(tzinfo=None)


def _write_groups(connection: Connection, groups: dict[str, Any]) -> None:
    users = look_up(connection, USERS)
    roles = look_up(connection, "select name, id from ab_role")
    rows = list(enumerate(groups.items(), 1))
    copy_rows(
        connection,
        "ab_group",
        (
            {"id": number, "name": name, "label": group["label"], "description": None}
            for number, (name, group) in rows
        ),
    )
    members = [(users[name], number) for number, (_, group) in rows for name in group["members"]]
    copy_rows(
        connection,
        "ab_user_group",
        (
            {"id": place, "user_id": user, "group_id": number}
            for place, (user, number) in enumerate(members, 1)
        ),
    )
    held = [(roles[name], number) for number, (_, group) in rows for name in group["roles"]]
    copy_rows(
        connection,
        "ab_group_role",
        (
            {"id": place, "group_id": number, "role_id": role}
            for place, (role, number) in enumerate(held, 1)
        ),
    )
