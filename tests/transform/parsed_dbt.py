"""dbt's command line, with the project parsed when this is imported, for `tests.forked`."""

from __future__ import annotations

import sys

from dbt.cli.main import dbtRunner

_parsed = dbtRunner().invoke(["--quiet", "parse"])
if not _parsed.success:
    sys.exit(f"dbt cannot parse the project: {_parsed.exception}")


def main() -> int:
    """Return the exit code that dbt's own command has: 2 if it could not begin."""
    done = dbtRunner(manifest=_parsed.result).invoke(sys.argv[1:])
    if done.exception:
        print(done.exception)
        return 2
    return 0 if done.success else 1
