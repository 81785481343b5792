"""Commands that run in forks of a process which has already imported what they need.

Most of a command's time in these tests would go into starting Python and importing libraries. This
file is also the program of that process, in the Python of the command's own environment: it is told
which function to import, `module:name`, and which modules beside; then it reads one invocation a
line as JSON and answers each with its exit code.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path


class ForkedCommand:
    """A command whose every run is a fork.

    Args:
        program: The script of the command; its Python is beside it.
        function: What the script calls, `module:name`.
        modules: What else to import, because the function imports it late.
        environment: Environment variables of the imports; None for those of this process.
    """

    def __init__(
        self,
        program: Path,
        function: str,
        *modules: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._program = program
        self._imports = (function, *modules)
        self._environment = environment

    def run(
        self,
        *arguments: str,
        given: str = "",
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end, as `subprocess.run` would.

        Args:
            arguments: Of the command.
            given: Its standard input.
            environment: All its environment variables; None for those of this process.
            folder: Where it runs; None for this process's own.
        """
        with tempfile.TemporaryDirectory(prefix="forked-") as place:
            streams = [Path(place, name) for name in ("stdin", "stdout", "stderr")]
            streams[0].write_text(given)
            invocation = {
                "arguments": [str(self._program), *arguments],
                "streams": [str(stream) for stream in streams],
                "environment": dict(os.environ if environment is None else environment),
                "folder": str(folder or Path.cwd()),
            }
            assert self._server.stdin
            assert self._server.stdout
            self._server.stdin.write(json.dumps(invocation) + "\n")
            self._server.stdin.flush()
            exit_code = self._server.stdout.readline()
            assert exit_code, f"{self._program} could not be imported, see above"
            _, stdout, stderr = (stream.read_text() for stream in streams)
        return subprocess.CompletedProcess(list(arguments), int(exit_code), stdout, stderr)

    def close(self) -> None:
        """End the process that is forked."""
        self._server.communicate()

    @cached_property
    def _server(self) -> subprocess.Popen[str]:
        assert self._program.exists(), f"{self._program} is missing: run `make install` first"
        server = subprocess.Popen(
            [str(self._program.with_name("python")), __file__, *self._imports],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)
        return server


def _serve(function: str, *modules: str) -> None:
    module, _, name = function.partition(":")
    for other in modules:
        importlib.import_module(other)
    main = getattr(importlib.import_module(module), name)
    for line in sys.stdin:
        invocation = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(invocation)
            exit_code = _call(main)
            # What Python does at its end, but for what is left of the process that was forked.
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(exit_code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(invocation: dict) -> None:
    sys.argv = invocation["arguments"]
    os.environ.clear()
    os.environ.update(invocation["environment"])
    tempfile.tempdir = None  # an import may have asked for it
    os.chdir(invocation["folder"])
    for number, path in enumerate(invocation["streams"]):
        stream = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # the other has read what is not for it


def _call(main) -> int:
    try:
        return main() or 0
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001  # as Python does at the end of a script
        traceback.print_exc()
    return 1


if __name__ == "__main__":
    _serve(*sys.argv[1:])
