"""Run dbt several times in one process: starting it takes longer than what it refuses to do.

Runs with dbt's own Python. Reads a list of environments from stdin, and writes what dbt says to a
small build in each of them, null if it does not object.
"""

from __future__ import annotations

import json
import os
import sys

from dbt.cli.main import dbtRunner

if __name__ == "__main__":
    inherited = dict(os.environ)
    manifest = dbtRunner().invoke(["--quiet", "parse"]).result
    objections = []
    for environment in json.load(sys.stdin):
        os.environ.clear()
        os.environ.update(inherited | environment)
        answer = dbtRunner(manifest=manifest).invoke(
            ["--quiet", "run", "--select", "stg_airflow__dags"]
        )
        objections.append(str(answer.exception) if answer.exception else None)
    sys.stdout.write("\n" + json.dumps(objections))
