"""A command does not outlive who started it, however that ends."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

from tests.orchestrate.provider import PROVIDER

SUPERVISOR = PROVIDER / "airflow_audit" / "supervisor.py"
# Starts a child of its own, as Meltano does, and says which; neither ends by itself.
COMMAND = (
    "import subprocess, sys, time; child = subprocess.Popen(['sleep', '300']);"
    " print(child.pid, flush=True); time.sleep(300)"
)
STARTER = (
    "import subprocess, sys, time;"
    f" subprocess.Popen([sys.executable, {str(SUPERVISOR)!r}, sys.executable, '-c', {COMMAND!r}],"
    " stdin=subprocess.PIPE, start_new_session=True); time.sleep(300)"
)


def test_command_ends_with_a_killed_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        family = [child, *child.parents()[:2]]  # the command, and what supervises it
        assert str(SUPERVISOR) in " ".join(family[2].cmdline())
        parent.kill()
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive


@pytest.mark.parametrize("signum", [signal.SIGTERM, None], ids=["told to end", "input closed"])
def test_command_ends_when_it_shall(signum: signal.Signals | None) -> None:
    with subprocess.Popen(
        [sys.executable, str(SUPERVISOR), sys.executable, "-c", COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as supervisor:
        assert supervisor.stdin
        assert supervisor.stdout
        child = psutil.Process(int(supervisor.stdout.readline()))
        if signum is None:
            supervisor.stdin.close()
        else:
            supervisor.send_signal(signum)
        assert supervisor.wait(timeout=20) != 0
        psutil.wait_procs([child], timeout=5)
        assert not child.is_running()


@pytest.mark.parametrize("code", [0, 75])
def test_exit_code_is_that_of_the_command(code: int) -> None:
    command = [sys.executable, "-c", f"import sys; sys.exit({code})"]
    with subprocess.Popen(
        [sys.executable, str(SUPERVISOR), *command], stdin=subprocess.PIPE
    ) as supervisor:
        assert supervisor.wait(timeout=20) == code
