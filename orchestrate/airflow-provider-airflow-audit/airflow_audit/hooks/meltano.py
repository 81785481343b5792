"""Runs Meltano for a task: in its own processes and environment, its log in the task's log."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from airflow.configuration import conf

from airflow_audit import supervisor
from airflow_audit.airflow_api import (
    AirflowException,
    AirflowFailException,
    BaseHook,
    mask_secret,
)
from airflow_audit.meltano_contract import (
    LogEntry,
    has_plugin,
    parse_log_line,
    program,
    separate_working_folder,
)

# EX_CONFIG: the tap and the targets exit with it if a retry cannot help.
FINAL = 78

# Not inherited: Airflow's settings, which may hold its keys, and those of its Python. Of Datacoves'
# service connections only the chosen one is passed on, under the loader's names.
_AIRFLOW_PREFIXES = ("AIRFLOW", "DATACOVES__")
_PROJECT_PREFIX = "AIRFLOW_AUDIT_"
_PYTHON_VARIABLES = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
# Anything shorter would be found everywhere in a log.
_MIN_SECRET_LENGTH = 4
_LAST_LINES = 5
_DBT_FAILURE = re.compile(r"(Failure|Error) in (model|test|snapshot|seed|macro) ")


@dataclass
class MeltanoLog:
    """What was read from the log of one run of Meltano.

    Attributes:
        tables: What was read, by table: ``source_rows``, ``sent_rows``, ``bytes``, ``seconds``.
        loaded_rows: Rows loaded, by table.
        load_seconds: Duration of the loads.
        exit_codes: Exit codes of plugins that failed.
        errors: The last error messages.
    """

    tables: dict[str, dict[str, float]] = field(default_factory=dict)
    loaded_rows: dict[str, int] = field(default_factory=dict)
    load_seconds: float = 0.0
    exit_codes: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, entry: LogEntry) -> None:
        """Add an entry of the log."""
        if read := entry.fields.get("read"):
            self.tables[read["table"]] = {k: v for k, v in read.items() if k != "table"}
        if loaded := entry.fields.get("loaded"):
            self.loaded_rows |= loaded["rows"]
            self.load_seconds += loaded["seconds"]
        self.exit_codes += entry.exit_codes
        first_line = entry.text.partition("\n")[0].strip()
        is_error = entry.level >= logging.ERROR and not entry.is_summary
        if is_error or _DBT_FAILURE.search(first_line):
            self.errors = [*self.errors, first_line][-_LAST_LINES:]

    def as_dict(self) -> dict[str, Any]:
        """Return what was read and loaded, for XCom."""
        found = asdict(self)
        return {name: found[name] for name in ("tables", "loaded_rows", "load_seconds")}


class MeltanoHook(BaseHook):
    """Runs the project's Meltano.

    Args:
        project_dir: Folder of the Meltano project; by default the setting ``project_dir`` in
            Airflow's section ``[airflow_audit]``.
    """

    def __init__(self, project_dir: str | None = None) -> None:
        super().__init__()
        self._project_dir = project_dir
        self._process: subprocess.Popen[str] | None = None

    @property
    def project(self) -> Path:
        """The folder of the Meltano project.

        Raises:
            AirflowFailException: It is not set, or Meltano is not installed in it.
        """
        folder = self._project_dir or conf.get("airflow_audit", "project_dir", fallback="")
        if not folder:
            msg = (
                "No Meltano project. Set AIRFLOW__AIRFLOW_AUDIT__PROJECT_DIR to the folder of"
                " Airflow Audit on the workers, or give the operator its project_dir"
            )
            raise AirflowFailException(msg)
        if not program(Path(folder)).exists():
            msg = (
                f"{program(Path(folder))} is not there. Run `make install` in {folder} on every"
                " worker, as the user the tasks run as, or correct project_dir in [airflow_audit]"
            )
            raise AirflowFailException(msg)
        return Path(folder)

    def require_plugin(self, name: str, warehouse: str) -> None:
        """Check that a plugin is installed in the project.

        Args:
            name: Name of the plugin.
            warehouse: Short name of the warehouse that needs it.

        Raises:
            AirflowFailException: It is not installed.
        """
        if not has_plugin(self.project, name):
            msg = (
                f"The Meltano project {self.project} has no {name}. Run `make install"
                f" WAREHOUSE={warehouse}` in it, or use the operator of a warehouse for which it is"
                " installed"
            )
            raise AirflowFailException(msg)

    def run(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        secrets: Sequence[str] = (),
        stdout: IO[str] | None = None,
    ) -> MeltanoLog:
        """Run ``meltano`` and forward its log to this hook's.

        Args:
            arguments: Of the command ``meltano``.
            environment: Added to the inherited variables.
            secrets: Values to mask in the log.
            stdout: File for its standard output; by default that is logged, too.

        Returns:
            What was read from its log.

        Raises:
            AirflowFailException: It failed, and a retry cannot help.
            AirflowException: It failed; a retry may help.
        """
        log, mask = MeltanoLog(), _Mask(secrets)
        streams = (stdout, subprocess.PIPE) if stdout else (subprocess.PIPE, subprocess.STDOUT)
        with self._running(arguments, environment, *streams) as process:
            for line in process.stdout or process.stderr or ():
                self._log_line(line, log, mask)
        self._raise_for(process.returncode, log)
        return log

    def output(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        secrets: Sequence[str] = (),
    ) -> Iterator[str]:
        """Run ``meltano``, yield the lines of its standard output and forward its log.

        Args:
            arguments: Of the command ``meltano``.
            environment: Added to the inherited variables.
            secrets: Values to mask in the log.

        Raises:
            AirflowFailException: It failed, and a retry cannot help.
            AirflowException: It failed; a retry may help.
        """
        log, mask = MeltanoLog(), _Mask(secrets)
        # A file, because a second pipe would fill up while the first is read.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as stderr:
            with self._running(arguments, environment, subprocess.PIPE, stderr) as process:
                yield from process.stdout or ()
            stderr.seek(0)
            for line in stderr:
                self._log_line(line, log, mask)
        self._raise_for(process.returncode, log)

    def stop(self) -> None:
        """Terminate the running process with everything it started."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        if process.stdin:
            process.stdin.close()  # see supervisor.py
        try:
            process.wait(supervisor.GRACE_SECONDS + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def _running(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        stdout: IO[str] | int,
        stderr: IO[str] | int,
    ) -> Iterator[subprocess.Popen[str]]:
        project = self.project
        with tempfile.TemporaryDirectory(prefix="airflow-audit-") as folder:
            command = [str(program(project)), "--cwd", str(project), "--log-format=json"]
            self._process = process = subprocess.Popen(
                [sys.executable, "-I", supervisor.__file__, *command, *arguments],
                env=_inherited_environment()
                | separate_working_folder(project, Path(folder))
                | dict(environment),
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
            try:
                yield process
                process.wait()
            finally:
                self.stop()

    def _log_line(self, line: str, log: MeltanoLog, mask: _Mask) -> None:
        entry = parse_log_line(mask(line.rstrip("\n")))
        log.add(entry)
        if not entry.text.startswith("METRIC"):  # of the Singer SDK, many for each table
            self.log.log(entry.level, "%s: %s", entry.plugin, entry.text)

    def _raise_for(self, exit_code: int, log: MeltanoLog) -> None:
        if exit_code == 0:
            return
        # FINAL goes first: the loader of a tap that stopped exits with a retryable code.
        codes = log.exit_codes or [exit_code]
        why = "; ".join(log.errors) or "see the log above"
        if FINAL in codes:
            msg = f"Meltano stopped with exit code {FINAL}, which trying again will not change: "
            raise AirflowFailException(msg + why)
        msg = f"Meltano stopped with exit code {max(codes, key=abs)}: {why}"
        raise AirflowException(msg)


class _Mask:
    """Masks secrets in a text, also in their URL-encoded and JSON-escaped forms."""

    def __init__(self, secrets: Sequence[str]) -> None:
        known = {secret for secret in secrets if len(secret) >= _MIN_SECRET_LENGTH}
        for secret in known:
            mask_secret(secret)
        forms = {form for secret in known for form in (secret, quote(secret, safe=""))}
        forms |= {json.dumps(f, ensure_ascii=a)[1:-1] for f in forms for a in (True, False)}
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, "***")
        return text


def _inherited_environment() -> dict[str, str]:
    """Return this process's variables without the settings of Airflow and of its Python."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_PROJECT_PREFIX)
        or (name not in _PYTHON_VARIABLES and not name.startswith(_AIRFLOW_PREFIXES))
    }
