"""One row of the audit log, in words that both Airflows share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.tables.copying import Row


@dataclass(frozen=True)
class LogRow:
    """A row of `log`.

    Attributes:
        owner: Who did it: a user, an owner of a DAG, or a login on a server.
        display: The user's full name (Airflow 2) or login (Airflow 3); None for tasks and servers.
        by_task: Whether a task wrote it of itself.
    """

    at: datetime
    event: str
    owner: str | None
    display: str | None = None
    dag_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    run_id: str | None = None
    logical_date: datetime | None = None
    try_number: int | None = None
    extra: str | None = None
    by_task: bool = False

    def columns(self, number: int, *, is_airflow_3: bool) -> Row:
        """The row as one of the table."""
        return {
            "id": number,
            "dttm": self.at,
            "dag_id": self.dag_id,
            "task_id": self.task_id,
            "map_index": self.map_index,
            "event": self.event,
            "logical_date" if is_airflow_3 else "execution_date": self.logical_date,
            "run_id": self.run_id,
            "owner": self.owner,
            "owner_display_name": self.display,
            "extra": self.extra,
            "try_number": self.try_number,
        }


def typed(at: datetime, event: str, owner: str, host: str, words: list[str], **more: Any) -> LogRow:  # noqa: ANN401
    """A command that somebody typed, or a server ran, as `airflow …`."""
    command = ["/home/airflow/.local/bin/airflow", *words]
    extra = json.dumps({"host_name": host, "full_command": str(command)})
    return LogRow(at, event, owner, extra=extra, **more)
