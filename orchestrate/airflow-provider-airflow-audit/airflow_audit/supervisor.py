"""Runs a command, and terminates it with everything it started when the parent is gone.

The parent holds the other end of this program's standard input. However the parent ends, the
system closes that end, and the command does not outlive it: a killed worker leaves no orphans.
Started by path, with the standard library alone: nothing of Airflow's is imported.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

# Meltano ends its plugins and releases its lock within it.
GRACE_SECONDS = 10


def main() -> int:
    """Run the command that the arguments name, and return its exit code."""
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)

    def send(signum: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(command.pid, signum)

    def terminate() -> None:
        send(signal.SIGTERM)
        # A thread, because the main thread waits for the command.
        killer = threading.Timer(GRACE_SECONDS, send, [signal.SIGKILL])
        killer.daemon = True
        killer.start()

    def terminate_without_parent() -> None:
        while os.read(0, 1024):
            pass
        terminate()

    def handle_termination(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        terminate()

    signal.signal(signal.SIGTERM, handle_termination)
    threading.Thread(target=terminate_without_parent, daemon=True).start()
    code = command.wait()
    # Processes that the command left behind end with it.
    send(signal.SIGKILL)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
