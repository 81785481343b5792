"""End or kill processes together with everything they started, and nothing else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from contextlib import suppress

import psutil

_SECONDS_TO_END = 10


def end(leaders: Iterable[subprocess.Popen[bytes]]) -> None:
    """Ask processes to end; kill what is left of them and of all they started after a while.

    Args:
        leaders: Processes started with `start_new_session=True`.
    """
    leaders = list(leaders)
    sessions = {leader.pid for leader in leaders}
    # Before anything ends: what a dead process started can no longer be traced to it.
    family = _family(sessions)
    for leader in leaders:
        leader.terminate()
    psutil.wait_procs(family, _SECONDS_TO_END)
    _kill(leaders, {*family, *_family(sessions)})


def kill(leaders: Iterable[subprocess.Popen[bytes]]) -> None:
    """Kill processes and all they started, without a chance to put anything in order.

    Args:
        leaders: Processes started with `start_new_session=True`.
    """
    leaders = list(leaders)
    _kill(leaders, set(_family({leader.pid for leader in leaders})))


def _kill(leaders: list[subprocess.Popen[bytes]], family: set[psutil.Process]) -> None:
    for process in family:
        with suppress(psutil.NoSuchProcess):  # psutil knows when a number is another process's
            process.kill()
    # Whoever adopted an orphan may never notice its death, so the wait for that has an end.
    psutil.wait_procs(family, timeout=5)
    for leader in leaders:
        leader.wait()


def _family(sessions: set[int]) -> list[psutil.Process]:
    """The processes of some sessions and all they started.

    A process group is not enough, because Airflow gives each task one of its own, nor are
    children, because those of a crashed scheduler are no longer its. A task's shell has a session
    of its own, but then the task is there as its parent.
    """
    family = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getsid(process.pid) in sessions:
                family += [process, *process.children(recursive=True)]
    return family
