"""What the provider relies on of Meltano beyond its documented commands: its folders and its log.

tests/orchestrate/test_meltano_contract.py runs the locked Meltano and holds it to this module. It
takes the standard library alone: what compiles the schedules runs where there is no Airflow.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Documented: part of a pipeline's state id.
STATE_ID_SUFFIX = "MELTANO_RUN_STATE_ID_SUFFIX"

_SYSTEM_FOLDER = "MELTANO_SYS_DIR_ROOT"
_INSTALLED = ("extractors", "loaders", "utilities")
_STATE = "meltano.db"
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_DISCOVERY_FAILED = re.compile(r"discovery failed: .* returned (\d+) with", re.DOTALL)


@dataclass(frozen=True)
class LogEntry:
    """One line of Meltano's log in JSON.

    Attributes:
        level: As in :mod:`logging`.
        plugin: The plugin that logged it, or ``meltano``.
        text: The message.
        fields: All fields, with those that the plugin added.
    """

    level: int
    plugin: str
    text: str
    fields: Mapping[str, Any]

    @property
    def is_summary(self) -> bool:
        """Whether Meltano sums up a failed run, for which there is an entry that says more."""
        return "exit_codes" in self.fields

    @property
    def exit_codes(self) -> list[int]:
        """Exit codes of plugins that failed; ``meltano run`` itself ends with 1 for all of them."""
        codes = list((self.fields.get("exit_codes") or {}).values())
        # A tap that finds a wrong setting ends before the run begins.
        if failed := _DISCOVERY_FAILED.search(str(self.fields.get("err", ""))):
            codes.append(int(failed[1]))
        return codes


def program(project: Path) -> Path:
    """Return the path of a project's Meltano; ``make install`` puts it there."""
    return project / ".venv" / "bin" / "meltano"


def has_plugin(project: Path, name: str) -> bool:
    """Say whether a plugin is installed in a project."""
    return any((project / ".meltano").glob(f"*/{name}"))


def separate_working_folder(project: Path, folder: Path) -> dict[str, str]:
    """Make a folder into Meltano's working folder for one run.

    In the project's two runs would overwrite each other's files. Plugins and state stay shared.

    Args:
        project: Folder of the Meltano project.
        folder: Empty folder.

    Returns:
        Environment variables for Meltano.
    """
    for name in (*_INSTALLED, _STATE):
        (folder / name).symlink_to(project / ".meltano" / name)
    return {_SYSTEM_FOLDER: str(folder)}


def parse_log_line(line: str) -> LogEntry:
    """Parse a line; one that is not Meltano's is an invoked plugin's own output, such as dbt's.

    Args:
        line: Of a run with ``--log-format=json``, without its line break.
    """
    try:
        fields = json.loads(line)
        level, text = _LEVELS[fields["level"]], str(fields["event"])
    except (ValueError, KeyError, TypeError):
        return LogEntry(logging.INFO, "meltano", line, {})
    return LogEntry(level, fields.get("string_id") or fields.get("name") or "meltano", text, fields)
