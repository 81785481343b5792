"""What a user does to a running Airflow, through its REST API: v1 of Airflow 2, v2 of Airflow 3."""

from __future__ import annotations

import base64
import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

# A proxy of this machine is of no use for a server on it.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RestApiError(Exception):
    """Airflow refused a request."""


class RestApi:
    """A user who is logged in.

    Args:
        version: Airflow's version.
        address: `http://host:port` of the API server or webserver.
        user: Name and password.
    """

    def __init__(self, version: str, address: str, user: tuple[str, str]) -> None:
        self._is_airflow_2 = version.startswith("2.")
        self._address = address
        self._user = user
        self._authorization: str | None = None

    def is_up(self) -> bool:
        """Tell whether the server answers."""
        version = "v1/health" if self._is_airflow_2 else "v2/monitor/health"
        try:
            with _OPENER.open(f"{self._address}/api/{version}", timeout=10):
                return True
        except OSError:
            return False

    def trigger(self, dag_id: str, run_id: str) -> None:
        """Start a run of a DAG."""
        body: dict[str, Any] = {"dag_run_id": run_id}
        if not self._is_airflow_2:
            body["logical_date"] = None
        self.send("POST", f"/dags/{dag_id}/dagRuns", body)

    def set_paused(self, dag_id: str, paused: bool) -> None:
        """Pause a DAG or let it run."""
        self.send("PATCH", f"/dags/{dag_id}?update_mask=is_paused", {"is_paused": paused})

    def clear(self, dag_id: str, run_id: str, **which: list[str]) -> None:
        """Have tasks of a run done again: those of `task_ids`, or since 3.4 `task_instance_ids`."""
        body = {"dry_run": False, "only_failed": False, "reset_dag_runs": True, **which}
        self.send("POST", f"/dags/{dag_id}/clearTaskInstances", body | {"dag_run_id": run_id})

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Declare a task of a run a success, or failed; a running one is ended."""
        body: dict[str, Any] = {"new_state": state}
        if self._is_airflow_2:
            body["dry_run"] = False
        self.send("PATCH", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}", body)

    def backfill(self, dag_id: str, first_day: str, last_day: str) -> None:
        """Have past days of a DAG run; Airflow 3 only, Airflow 2 has a command for it."""
        body = {
            "dag_id": dag_id,
            "from_date": f"{first_day}T00:00:00Z",
            "to_date": f"{last_day}T00:00:00Z",
            "max_active_runs": 4,
        }
        self.send("POST", "/backfills", body)

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """Delete a run with all that belongs to it."""
        self.send("DELETE", f"/dags/{dag_id}/dagRuns/{run_id}")

    def create_connection(self, conn_id: str, **fields: Any) -> None:
        """Create a connection: `conn_type`, `host`, `login`, `password`, `extra` as text…"""
        self.send("POST", "/connections", {"connection_id": conn_id, **fields})

    def create_variable(self, key: str, value: str) -> None:
        """Create a variable."""
        self.send("POST", "/variables", {"key": key, "value": value})

    def runs(self, dag_id: str = "~") -> list[dict[str, Any]]:
        """List the runs of a DAG, or of all: the first hundred."""
        runs: list[dict[str, Any]] = self.send("GET", f"/dags/{dag_id}/dagRuns?limit=100")[
            "dag_runs"
        ]
        return runs

    def task_instances(self, dag_id: str = "~", run_id: str = "~") -> list[dict[str, Any]]:
        """List the task instances of a run, or of all: the first hundred."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100"
        task_instances: list[dict[str, Any]] = self.send("GET", path)["task_instances"]
        return task_instances

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send any other request.

        Args:
            method: Such as `POST`.
            path: What follows the API's version; of FAB's own in Airflow 3 the whole, `/auth/…`.
            body: Sent as JSON; None for none.

        Raises:
            RestApiError: Airflow refused it.
        """
        if self._authorization is None:
            self._authorization = self._log_in()
        if not path.startswith("/auth/"):
            path = f"/api/{'v1' if self._is_airflow_2 else 'v2'}{path}"
        return self._request(method, path, body, {"Authorization": self._authorization})

    def _log_in(self) -> str:
        name, password = self._user
        if self._is_airflow_2:
            return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
        login = {"username": name, "password": password}
        token: str = self._request("POST", "/auth/token", login, {})["access_token"]
        return f"Bearer {token}"

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]
    ) -> dict[str, Any]:
        data = None
        if body is not None:  # Airflow 2 takes a type without content for an error
            data = json.dumps(body).encode()
            headers = headers | {"Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310  (http://127.0.0.1)
            self._address + path, method=method, data=data, headers=headers
        )
        try:
            with _OPENER.open(request, timeout=60) as response:
                content = response.read()
        except HTTPError as error:
            with error:
                msg = f"{method} {path}: {error.code} {error.read().decode()[:1000]}"
            raise RestApiError(msg) from None
        return json.loads(content) if content else {}
