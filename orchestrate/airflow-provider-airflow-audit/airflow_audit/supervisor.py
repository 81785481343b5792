"""A program that runs a command, and ends it with all it started when its own parent is gone.

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

    def end() -> None:
        send(signal.SIGTERM)
        # Also when this program is told to end: its main thread waits for the command.
        killer = threading.Timer(GRACE_SECONDS, send, [signal.SIGKILL])
        killer.daemon = True
        killer.start()

    def end_when_parent_is_gone() -> None:
        while os.read(0, 1024):
            pass
        end()

    def end_when_told(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        end()

    signal.signal(signal.SIGTERM, end_when_told)
    threading.Thread(target=end_when_parent_is_gone, daemon=True).start()
    code = command.wait()
    # What the command left behind ends with it.
    send(signal.SIGKILL)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
