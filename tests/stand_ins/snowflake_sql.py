"""fakesnow, taught what it lacks of Snowflake's SQL for dlt and dbt. Imported for its effect too.

Everything here is what Snowflake documents; a difference that is left is named where it is made.
"""

from __future__ import annotations

import contextlib
import re
from string import Template
from typing import Any

import duckdb
import fakesnow.arrow
import fakesnow.copy_into
import fakesnow.cursor
import fakesnow.server
import fakesnow.transforms
import pyarrow as pa
import sqlglot
from duckdb import DuckDBPyConnection
from fakesnow.cursor import SQL_COPY_ROWS, FakeSnowflakeCursor
from sqlglot import Expr, exp
from sqlglot.tokens import TokenType

from tests.stand_ins import snowflake_user_stage


class QuotingConnection:
    """A connection of DuckDB's in which fakesnow may name a schema with a hyphen."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *parameters: Any) -> DuckDBPyConnection:
        if use := re.fullmatch(r"SET schema='(\w+)\.(.+)'", sql):
            sql = f"""SET schema='"{use[1]}"."{use[2]}"'"""
        return self._connection.execute(sql, *parameters)


def split(sql: str) -> list[str]:
    """Return the statements of a text."""
    starts, statements = 0, []
    for token in sqlglot.tokenize(sql, read="snowflake"):
        if token.token_type == TokenType.SEMICOLON:
            statements.append(sql[starts : token.start])
            starts = token.end + 1
    statements.append(sql[starts:])
    return [statement.strip() for statement in statements if statement.strip()]


def parse(sql: str) -> Expr:
    """Parse a statement into what fakesnow knows of it."""
    expression = _fakesnow_parse(sql)
    if isinstance(expression, exp.Create) and expression.expression:
        # fakesnow counts it as a column; Snowflake keeps it, and enforces nothing.
        for key in list(expression.this.find_all(exp.PrimaryKey)):
            key.pop()
    if isinstance(expression, exp.Create) and expression.this.find(exp.Table).db:
        # DuckDB has none in a schema; nobody else looks for a session's temporary tables.
        for temporary in list(expression.find_all(exp.TemporaryProperty)):
            temporary.pop()
    elif isinstance(expression, exp.Put):
        target = expression.args["target"]
        target.set("this", target.name.strip("'"))
    elif isinstance(expression, exp.Copy):
        _simplify_copy(expression)
    if isinstance(expression, exp.Copy | exp.Merge):
        snowflake_user_stage.read(expression)
    for call in list(expression.find_all(exp.GetExtract)):
        if isinstance(call.expression, exp.Literal) and call.expression.is_string:
            # fakesnow leaves the quotes around a text but for the other notation.
            path = [exp.JSONPathRoot(), exp.JSONPathKey(this=call.expression.name)]
            call.replace(
                exp.JSONExtract(
                    this=call.this,
                    expression=exp.JSONPath(expressions=path),
                    variant_extract=True,
                    requires_json=True,
                )
            )
    return expression


def _simplify_copy(copy: exp.Copy) -> None:
    """Put what stands in quotes, and the options between commas, into fakesnow's own form."""
    for source in copy.args["files"]:
        if isinstance(source.this, exp.Literal) and source.this.name.startswith("@"):
            source.set("this", exp.Var(this=source.this.name))
    for parameter in copy.args["params"]:
        if parameter.name.upper() == "MATCH_BY_COLUMN_NAME":
            parameter.set("expression", exp.Var(this=parameter.expression.name))
        options = [option for option in parameter.expressions if isinstance(option, exp.Property)]
        parameter.set("expressions", options)


_fakesnow_parse = fakesnow.cursor.parse_one
fakesnow.cursor.parse_one = fakesnow.server.parse_one = parse


def _merge(expression: Expr) -> list[Expr]:
    """Leave MERGE to DuckDB, in which a column that is set has no table's name."""
    if isinstance(expression, exp.Merge):
        for action in expression.args["whens"].find_all(exp.Update, exp.Insert):
            targets = (
                [assignment.this for assignment in action.expressions]
                if isinstance(action, exp.Update)
                else action.this.expressions
            )
            for target in targets:
                if isinstance(target, exp.Column):
                    target.set("table", None)
    return [expression]


_MERGED = Template('select ${count} as "number of rows inserted"')


def _execute(cursor: FakeSnowflakeCursor, statement: Expr, *parameters: Any) -> None:
    told = _MERGED if isinstance(statement, exp.Merge) else None
    if insert := snowflake_user_stage.copy_as_insert(statement):
        statement, told = insert, SQL_COPY_ROWS
    elif removed := snowflake_user_stage.remove(statement):
        statement = removed
    elif isinstance(statement, exp.Drop) and statement.kind == "FILE FORMAT":
        statement = _drop_file_format(cursor, statement)
    try:
        _fakesnow_execute(cursor, statement, *parameters)
    except Exception:
        # A failed statement leaves no transaction that DuckDB would go on with.
        with contextlib.suppress(duckdb.TransactionException):
            cursor._duck_conn.rollback()
        raise
    if told:
        [count] = cursor._arrow_table.column(0).to_pylist()
        result = told.substitute(count=count, file="files")
        _fakesnow_execute(cursor, sqlglot.parse_one(result, read="duckdb"))


def _drop_file_format(cursor: FakeSnowflakeCursor, drop: exp.Drop) -> exp.Select:
    """Forget a file format, which fakesnow can only make, and return the query of the result."""
    [table] = drop.args["tables"]
    database, schema = cursor._conn.database, cursor._conn.schema
    with cursor._duck_conn.cursor() as connection:
        connection.execute(
            "delete from _fs_global._fs_information_schema._fs_file_formats"
            " where database_name = ? and schema_name = ? and name = ?",
            [table.catalog or database, table.db or schema, table.name],
        )
    return exp.select(exp.Literal.string(f"{table.name} successfully dropped.").as_("status"))


fakesnow.transforms.merge = _merge
_fakesnow_execute = FakeSnowflakeCursor._execute
FakeSnowflakeCursor._execute = _execute


def _describe_table(
    table: exp.Table, connection: Any, database: str | None, schema: str | None
) -> list[tuple[str, str]]:
    name = exp.table_(
        table.name, db=table.db or schema, catalog=table.catalog or database, quoted=True
    )
    rows = connection.execute(f"DESCRIBE {name.sql(dialect='duckdb')}").fetchall()
    return [(row[0], row[1]) for row in rows]


fakesnow.copy_into._describe_table = _describe_table


def _timestamps(column: pa.ChunkedArray) -> pa.StructArray:
    """Put timestamps into the form of Snowflake's results; fakesnow makes 1970 of null."""
    column = column.combine_chunks()
    made = _fakesnow_timestamps(column)
    return pa.StructArray.from_arrays(made.flatten(), fields=list(made.type), mask=column.is_null())


_fakesnow_timestamps = fakesnow.arrow.timestamp_to_sf_struct
fakesnow.arrow.timestamp_to_sf_struct = _timestamps
