"""The stage that each user of Snowflake has, `@~`, which fakesnow lacks.

Just what a published loader needs: PUT, REMOVE of a folder, and a query in COPY or MERGE that reads
JSON files. It does not prove: that a file format is there and fits (files are read as lines of
JSON), that users see only their own files, and that COPY passes over what it has loaded before.
"""

from __future__ import annotations

import glob
import shutil
from pathlib import Path

from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.transforms import stage
from sqlglot import Expr, exp

# Database, schema and stage where fakesnow keeps the files.
_KEPT_AS = ("USER", "USER", "~")


def make(cursor: FakeSnowflakeCursor) -> None:
    """Make it, once for all sessions."""
    cursor.execute('create stage {}.{}."{}"'.format(*_KEPT_AS))


def read(statement: exp.Copy | exp.Merge) -> None:
    """Let a query read the lines of all files of a folder, in order."""
    for source in list(statement.find_all(exp.Table)):
        if not (isinstance(source.this, exp.Literal) and source.name.startswith("@~/")):
            continue
        select = source.find_ancestor(exp.Select)
        for first_column in list(select.find_all(exp.Parameter)):
            first_column.replace(exp.column("json"))
        for number in list(select.find_all(exp.Seq8)):
            number.replace(exp.column("_line"))
        files = exp.Literal.string(glob.escape(_folder(source.name)) + "/*")
        lines = exp.select("json", "row_number() over () as _line")
        # A function that stands alone is no table to fakesnow, which asks for the schema of each.
        lines.set("from_", exp.From(this=exp.func("read_json_objects", files)))
        source.replace(lines.subquery())
        statement.args["reads_user_stage"] = True


def copy_as_insert(statement: Expr) -> exp.Insert | None:
    """Return what does the same as a COPY that reads the stage."""
    if isinstance(statement, exp.Copy) and statement.args.get("reads_user_stage"):
        [query] = statement.args["files"]
        return exp.Insert(this=statement.this, expression=query.this)
    return None


def remove(statement: Expr) -> exp.Select | None:
    """Remove a folder, and return the query of REMOVE's result."""
    if not (isinstance(statement, exp.Command) and statement.name.upper() == "REMOVE"):
        return None
    folder = Path(_folder(statement.expression.name.strip("'")))
    names = [exp.Literal.string(file.name) for file in folder.glob("*")]
    shutil.rmtree(folder, ignore_errors=True)
    name = exp.Explode(this=exp.array(*names)).as_("name")
    return exp.select(name, exp.Literal.string("removed").as_("result"))


def _folder(location: str) -> str:
    return stage.internal_dir(".".join(_KEPT_AS), location.removeprefix("@~/").rstrip("/"))


def _parts(
    var: str, current_database: str | None, current_schema: str | None
) -> tuple[str, str, str]:
    return _KEPT_AS if var == "~" else _fakesnow_parts(var, current_database, current_schema)


_fakesnow_parts = stage.parts_from_var
stage.parts_from_var = _parts
