"""Compiles Meltano's schedules into a file, so that parsing a DAG file does not start Meltano.

``python -m airflow_audit.compiled_schedules <file>`` in the folder of the Meltano project writes
the file, with the standard library alone: ``make airflow-schedules``.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from airflow_audit.meltano_contract import program

COMMAND = "make airflow-schedules"

_HAS_JOBS = re.compile(r"^(jobs|schedules):", re.MULTILINE)
_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|SALT|CREDENTIALS|PRIVATE_KEY|DATABASE_UR[IL]")


class SchedulesError(Exception):
    """The schedules cannot be compiled or read; the message says what to do."""


@dataclass(frozen=True)
class Schedule:
    """One of Meltano's schedules.

    Attributes:
        name: Its name.
        cron: Cron expression; None if it is only started by hand.
        job: Name of its job.
        tasks: Tasks of the job.
        env: Environment variables of its runs.
    """

    name: str
    cron: str | None
    job: str
    tasks: list[str]
    env: dict[str, str]


@dataclass(frozen=True)
class CompiledSchedules:
    """All schedules of a Meltano project.

    Attributes:
        compiled_from: The project's files with jobs or schedules, relative to its folder.
        fingerprint: SHA-256 of those files.
        schedules: The schedules, in the order of the files.
    """

    compiled_from: list[str]
    fingerprint: str
    schedules: list[Schedule]


def compile_schedules(project: Path, file: Path) -> None:
    """Compile the schedules of a project into a file.

    Args:
        project: Folder of the Meltano project.
        file: The file to write.

    Raises:
        SchedulesError: Meltano cannot list them, or one cannot become a DAG.
    """
    listed = subprocess.run(
        [str(program(project)), "--cwd", str(project), "schedule", "list", "--format=json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        msg = f"Meltano does not list its schedules:\n{listed.stderr}"
        raise SchedulesError(msg)
    by_kind = json.loads(listed.stdout)["schedules"]
    if by_kind["elt"]:
        names = ", ".join(entry["name"] for entry in by_kind["elt"])
        msg = f"These schedules run no job: {names}. Make a job of their extractor and loader"
        raise SchedulesError(msg)
    files = _files_with_jobs(project)
    compiled = CompiledSchedules(
        compiled_from=[path.relative_to(project).as_posix() for path in files],
        fingerprint=_fingerprint(files),
        schedules=[_schedule(entry) for entry in by_kind["job"]],
    )
    file.write_text(json.dumps(asdict(compiled), indent=2) + "\n", encoding="utf-8")


def read_schedules(file: Path, project: Path | None) -> CompiledSchedules:
    """Return the compiled schedules.

    Args:
        file: Written by :func:`compile_schedules`.
        project: Folder of the Meltano project if it is on this machine, to check that the file is
            up to date.

    Raises:
        SchedulesError: The file is missing, out of date or malformed.
    """
    advice = f"Run `{COMMAND}` in the Meltano project, and put {file.name} beside the DAG file"
    try:
        compiled = json.loads(file.read_text(encoding="utf-8"))
        found = CompiledSchedules(
            **{**compiled, "schedules": [Schedule(**entry) for entry in compiled["schedules"]]}
        )
    except FileNotFoundError:
        msg = f"Meltano's schedules are not compiled: {file} is not there. {advice}"
        raise SchedulesError(msg) from None
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{file} is not what `{COMMAND}` writes ({error}). {advice}"
        raise SchedulesError(msg) from None
    if project and found.fingerprint != _fingerprint(_files_with_jobs(project)):
        msg = (
            f"{file} was compiled from other schedules than those of {project} now"
            f" ({', '.join(found.compiled_from)}). {advice}"
        )
        raise SchedulesError(msg)
    return found


def _schedule(entry: Mapping[str, Any]) -> Schedule:
    name, cron, env = entry["name"], entry["cron_interval"], entry["env"]
    # Meltano resolves its own aliases: @once, @manual and @none to null, others to cron.
    if cron and cron.startswith("@"):
        msg = f"The schedule {name} has the interval {cron!r}, which Meltano does not know"
        raise SchedulesError(msg)
    secrets = [variable for variable in env if _SECRET.search(variable.upper())]
    if secrets:
        msg = (
            f"The schedule {name} sets {', '.join(secrets)}, a secret by its name, which must stand"
            " neither in a Meltano file nor in this one. Use an Airflow connection"
        )
        raise SchedulesError(msg)
    tasks = [task if isinstance(task, str) else " ".join(task) for task in entry["job"]["tasks"]]
    return Schedule(name, cron, entry["job"]["name"], tasks, env)


def _files_with_jobs(project: Path) -> list[Path]:
    return [
        path
        for path in [project / "meltano.yml", *sorted(project.glob("*/*.meltano.yml"))]
        if path.exists() and _HAS_JOBS.search(path.read_text(encoding="utf-8"))
    ]


def _fingerprint(files: Sequence[Path]) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


if __name__ == "__main__":
    try:
        compile_schedules(Path.cwd(), Path(sys.argv[1]))
    except SchedulesError as error:
        sys.exit(str(error))
