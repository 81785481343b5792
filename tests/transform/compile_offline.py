"""Compile the project for one warehouse without a connection to it.

Runs with the Python of the environment that has all adapters. Reads from stdin SQL with Jinja, in
which the whole project is known, and writes it compiled to `inline.sql` in the given folder. The
project's own SQL is in `project/run_results.json` there.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dbt.cli.main import dbtRunner

if __name__ == "__main__":
    target, folder = ["--target", sys.argv[1]], Path(sys.argv[2])
    offline = [*target, "--no-introspect", "--no-populate-cache"]
    manifest = dbtRunner().invoke(["--quiet", "parse", *target]).result
    for arguments in ([], ["--inline", sys.stdin.read()]):
        # The second would overwrite what the first wrote.
        paths = [] if arguments else ["--target-path", str(folder / "project")]
        done = dbtRunner(manifest=manifest).invoke(
            ["--quiet", "compile", *offline, *paths, *arguments]
        )
        if not done.success:
            sys.exit(str(done.exception or done.result))
    (folder / "inline.sql").write_text(done.result.results[0].node.compiled_code)
