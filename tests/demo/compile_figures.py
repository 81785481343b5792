"""Compile the report's analyses several times in one process: starting dbt takes far longer.

Runs with dbt's own Python. Reads environment variables from stdin, one JSON object a line. Writes
after `compiled:` the SQL of each analysis by its name, as another, without asking the warehouse.
"""

from __future__ import annotations

import json
import os
import sys

from dbt.cli.main import dbtRunner

if __name__ == "__main__":
    manifest = dbtRunner().invoke(["--quiet", "parse"]).result
    for line in sys.stdin:
        os.environ.update(json.loads(line))
        done = dbtRunner(manifest=manifest).invoke(
            [
                *("--quiet", "compile", "--select", "path:analyses/report"),
                *("--no-introspect", "--no-populate-cache"),
            ]
        )
        if not done.success:
            sys.exit(str(done.exception or done.result))
        compiled = {result.node.name: result.node.compiled_code for result in done.result.results}
        sys.stdout.write("\ncompiled:" + json.dumps(compiled) + "\n")
        sys.stdout.flush()
