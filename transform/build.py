"""``dbt:build``: builds what changed, and everything if the project or its settings did.

What dbt selects cannot depend on the warehouse. So this asks the warehouse first what the last
build made: if its views are those that this project would make, they are left alone, and tests look
at what was read since everything had passed. With options of ``dbt build`` it is just that command.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.version import __version__

PROJECT = Path(__file__).parent
# Unit tests are of the code, not of the data: `make test` runs them.
BUILD = ("build", "--exclude-resource-type", "unit_test")
# What decides how the views read; seeds are tables.
SOURCES = ("dbt_project.yml", "macros", "models", "snapshots")
# Read by macros/last_build.sql.
FINGERPRINT = "AIRFLOW_AUDIT_BUILD_FINGERPRINT"
TESTED_UNTIL = "AIRFLOW_AUDIT_BUILD_TESTED_UNTIL"


def fingerprint() -> str:
    """Return what is the same as long as the views would be: of the project and its settings."""
    settings = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("AIRFLOW_AUDIT_", "ENVIRONMENT_SLUG"))
        and name not in (FINGERPRINT, TESTED_UNTIL)
    }
    digest = hashlib.sha256(json.dumps([__version__, settings], sort_keys=True).encode())
    for source in SOURCES:
        top = PROJECT / source
        for path in sorted(top.rglob("*.*")) if top.is_dir() else [top]:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _exit_code(done: dbtRunnerResult) -> int:
    """Return the exit code of dbt's own command: 2 if it could not begin."""
    if done.exception:
        print(done.exception)
        return 2
    return 0 if done.success else 1


def main(arguments: list[str]) -> int:
    """Build; return dbt's exit code.

    Args:
        arguments: Options of ``dbt build``, with which nothing is left out; none for what changed.
    """
    if arguments:
        return _exit_code(dbtRunner().invoke([*BUILD, *arguments]))
    # The build writes the artifacts.
    asking = ("--quiet", "--no-write-json")
    parsed = dbtRunner().invoke([*asking, "parse"])
    if not parsed.success:
        return _exit_code(parsed)
    said: list[str] = []

    def hear(event: Any) -> None:  # noqa: ANN401  # of dbt's own events
        if event.info.name == "JinjaLogInfo":
            said.append(event.data.msg)

    asked = dbtRunner(parsed.result, callbacks=[hear]).invoke(
        [*asking, "run-operation", "say_last_build"]
    )
    if not asked.success:
        return _exit_code(asked)
    last = json.loads(said[-1])
    os.environ[FINGERPRINT] = fingerprint()
    if os.environ.get("MELTANO_RUN_FULL_REFRESH", "").lower() in ("true", "1"):
        why = "everything was read"
    elif not last:
        why = "no build is known that made all views"
    elif last["fingerprint"] != os.environ[FINGERPRINT]:
        why = "the project or its settings changed"
    else:
        why = ""
        os.environ[TESTED_UNTIL] = last["tested_until"] or ""
    print(f"Build everything: {why}" if why else "Build what changed", flush=True)
    is_redshift = os.environ.get("AIRFLOW_AUDIT_WAREHOUSE") == "redshift"
    changes = ("--selector", "changes_and_views" if is_redshift else "changes")
    selection = () if why else changes
    return _exit_code(dbtRunner(parsed.result).invoke([*BUILD, *selection]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
