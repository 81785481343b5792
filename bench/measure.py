"""Wall-clock time and memory of a command and all the processes it starts."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

HEADER = f"  {'':<46} {'time':>10}  {'of a core':>10}  {'largest':>10}"


@dataclass(frozen=True)
class Measurement:
    """One run of a command.

    Attributes:
        seconds: From start to end.
        cpu_seconds: Of it and all its ended descendants, user and system. Unlike `seconds`, they
            hardly depend on what else the machine does.
        peak_bytes: Resident memory of its largest process, at that process' peak.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int

    def row(self, label: str) -> str:
        """A row of a table whose columns are those of `HEADER`."""
        return (
            f"  {label:<46} {self.seconds:8.1f} s  {self.cpu_seconds:8.1f} s"
            f"  {self.peak_bytes / 1e6:7.0f} MB"
        )


def measure(command: list[str], *, environment: dict[str, str], log: Path) -> Measurement:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        environment: Added to this process' own.
        log: File for what it prints.

    Raises:
        RuntimeError: It failed; the message names the log.
    """
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=os.environ | environment
        )
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        msg = f"{command[0]} failed with exit code {process.returncode}; see {log}"
        raise RuntimeError(msg)
    # Linux counts in KiB, and takes the largest of the process and all its ended descendants.
    return Measurement(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
