"""Compile the project for one warehouse without a connection to it.

Runs with the Python of the environment that has all adapters, with two arguments: the warehouse and
a folder. Reads from stdin SQL with Jinja, in which the whole project is known, and writes it
compiled to `inline.sql` in the folder. The project's own SQL is in `project/run_results.json`
there; `incremental/run_results.json` has that of incremental models once they have been built.
"""

from __future__ import annotations

import sys
from pathlib import Path

import agate
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.factory import get_adapter_class_by_name
from dbt.cli.main import dbtRunner


def _nothing(*_names: str) -> None:
    """Answer what relation there is under a name, before the first build."""


def _table(adapter, database: str, schema: str, identifier: str) -> object:
    """Answer what relation there is under a name, after it."""
    return adapter.Relation.create(
        database=database, schema=schema, identifier=identifier, type="table"
    )


def _built_until(*_arguments: object, **_options: object) -> tuple[AdapterResponse, agate.Table]:
    """Answer until which moment a model is built, which is all that one asks for its SQL."""
    moments = [("prod-eu", 1_767_261_600_000_000), ("it's", 1_767_265_200_000_000)]
    return AdapterResponse("done"), agate.Table(moments, ["environment_slug", "built_until"])


if __name__ == "__main__":
    warehouse, folder = sys.argv[1], Path(sys.argv[2])
    manifest = dbtRunner().invoke(["--quiet", "parse", "--target", warehouse]).result
    adapter = get_adapter_class_by_name(warehouse)

    def compile_offline(into: str, *arguments: str) -> str:
        """Return the SQL of the last thing compiled; all of it is written into a folder."""
        offline = ["--no-introspect", "--no-populate-cache", "--target-path", str(folder / into)]
        done = dbtRunner(manifest=manifest).invoke(
            ["--quiet", "compile", "--target", warehouse, *offline, *arguments]
        )
        if not done.success:
            sys.exit(str(done.exception or done.result))
        return done.result.results[-1].node.compiled_code

    adapter.get_relation = _nothing
    (folder / "inline.sql").write_text(compile_offline("inline", "--inline", sys.stdin.read()))
    compile_offline("project")
    adapter.get_relation = _table
    adapter.execute = _built_until
    models = ["--select", "config.materialized:incremental", "--indirect-selection", "empty"]
    compile_offline("incremental", *models)
