"""Run an installed Airflow as `airflow standalone` does: every component on this machine.

The components are started one by one rather than by that command, because in Airflow 3 it puts its
own simple login in place of FAB's, so that there would be no users and roles to read.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.real_airflow import processes
from tests.real_airflow.install import airflow_environ, install, run_command
from tests.real_airflow.rest_api import RestApi
from tests.real_airflow.web_pages import WebPages

USER = "auditor"

# Nobody reads task logs here, and the port they are served on may be another Airflow's.
_SCHEDULER = ("scheduler", "--skip-serve-logs")
_TRIGGERER = ("triggerer", "--skip-serve-logs")
_COMPONENTS = {
    "2": (("webserver", "--workers", "1"), _SCHEDULER, _TRIGGERER),
    "3": (("api-server", "--workers", "1"), ("dag-processor",), _SCHEDULER, _TRIGGERER),
}
_LINES_OF_LOG = 40


class RunningAirflowError(Exception):
    """A component of a running Airflow ended, or what was waited for did not come."""


class RunningAirflow:
    """A running Airflow with its example DAGs, which are all paused at first.

    Attributes:
        api: Its REST API, as the user `USER`.
        home: AIRFLOW_HOME.
    """

    def __init__(
        self, version: str, database_url: str, home: Path, environ: Mapping[str, str]
    ) -> None:
        """Prepare to run.

        Args:
            version: One of `RECIPES`; it is installed if it is not yet.
            database_url: `postgresql://` URL of a metadata database of this version.
            home: Empty folder for AIRFLOW_HOME and logs.
            environ: More environment variables.
        """
        port = _free_port()
        password = secrets.token_hex()
        self._login = (version, f"http://127.0.0.1:{port}", (USER, password))
        self.api = RestApi(*self._login)
        self._version = version
        self.home = home
        self._airflow = str(install(version) / "bin" / "airflow")
        self._environ = (
            airflow_environ(version, database_url, home) | _settings(port) | dict(environ)
        )
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.create_user(USER, "Admin", password)

    def log_in(self) -> WebPages:
        """Log in to its pages, as the user `USER`; it has to run."""
        return WebPages(*self._login)

    def create_user(self, name: str, role: str, password: str) -> None:
        """Create a user with one role; one that is there gets the password.

        Raises:
            AirflowCommandError: There is no such role.
        """
        person = ("--firstname", name, "--lastname", "Torres", "--email", f"{name}@example.com")
        typed = f"{password}\n{password}\n"
        made = self.run(
            *("users", "create", "--username", name, "--role", role, *person), typed=typed
        )
        if "already exist" in made:
            self.run("users", "reset-password", "--username", name, typed=typed)

    def write_dag_file(self, name: str, text: str) -> None:
        """Put a file into the DAGs folder, in place of one of that name.

        It is found at the start; a changed one within a minute.
        """
        folder = self.home / "dags"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)

    def run(self, *arguments: str, typed: str | None = None) -> str:
        """Run a command of Airflow, such as `roles create NAME`, and give what it printed.

        Args:
            arguments: What follows `airflow`.
            typed: What to answer where it asks for a password.

        Raises:
            AirflowCommandError: It failed.
        """
        return run_command([self._airflow, *arguments], self._environ, typed)

    def start(self) -> None:
        """Start every component."""
        for component, *options in _COMPONENTS[self._version[0]]:
            with self._log(component).open("wb") as log:
                self._processes[component] = subprocess.Popen(
                    [self._airflow, component, *options],
                    env=self._environ,
                    cwd=self.home,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def stop(self) -> None:
        """End every component and all they started."""
        processes.end(self._processes.values())
        self._processes.clear()

    def kill(self) -> None:
        """Kill every component and all they started, as a power cut does."""
        processes.kill(self._processes.values())
        self._processes.clear()

    def wait_until(self, what: str, missing: Callable[[], object], seconds: float) -> None:
        """Wait for something.

        Args:
            what: What is waited for, to be named in the error.
            missing: Gives what is still missing; something false once nothing is.
            seconds: How long to wait.

        Raises:
            RunningAirflowError: It did not come in time, or a component ended.
        """
        deadline = time.monotonic() + seconds
        while still_missing := missing():
            ended = [
                name for name, process in self._processes.items() if process.poll() is not None
            ]
            if ended or time.monotonic() > deadline:
                reason = f"{', '.join(ended)} ended" if ended else f"not within {seconds} seconds"
                msg = (
                    f"Airflow {self._version}, waiting for {what}: {reason}."
                    f" Missing: {still_missing}\n{self._logs()}"
                )
                raise RunningAirflowError(msg)
            time.sleep(0.5)

    def _log(self, component: str) -> Path:
        return self.home / f"{component}.log"

    def _logs(self) -> str:
        """The end of each component's log."""
        logs = []
        for component in self._processes:
            lines = self._log(component).read_text(errors="replace").splitlines()
            logs.append("\n".join([f"--- {component}", *lines[-_LINES_OF_LOG:]]))
        return "\n".join(logs)


@contextmanager
def running_airflow(
    version: str,
    database_url: str,
    dag_files: Mapping[str, str],
    environ: Mapping[str, str] | None = None,
) -> Iterator[RunningAirflow]:
    """Run Airflow on a database of its version, until the end of the block.

    Args:
        version: One of `RECIPES`.
        database_url: `postgresql://` URL of the database.
        dag_files: What to put into the DAGs folder, by file name.
        environ: More environment variables.

    Raises:
        PythonNotFoundError: No Python it runs on is on this machine.
        AirflowCommandError: It could not be installed, or made no user.
        RunningAirflowError: It did not start.
    """
    with tempfile.TemporaryDirectory(prefix="airflow-home-") as home:
        airflow = RunningAirflow(version, database_url, Path(home), environ or {})
        try:
            for name, text in dag_files.items():
                airflow.write_dag_file(name, text)
            airflow.start()
            airflow.wait_until("its API", lambda: not airflow.api.is_up() and "an answer", 120)
            yield airflow
        finally:
            airflow.stop()


def _settings(port: int) -> dict[str, str]:
    """Settings beside those of every Airflow command; a version ignores those it does not know."""
    return {
        "AIRFLOW__CORE__LOAD_EXAMPLES": "True",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        # A worker notices the end of its task with its next heartbeat.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        # The files of the examples do not change.
        "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "3600",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
        "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
        "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__AUTH_BACKENDS": (
            "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth"
        ),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "NO_PROXY": "127.0.0.1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
