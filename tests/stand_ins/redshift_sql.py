"""Redshift's SQL as PostgreSQL takes it.

Statements are parsed, so what is rewritten is what they mean, wherever it stands. A statement that
the parser does not know, and the long INSERTs with VALUES, pass with only their quotes put right.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlglot
from sqlglot import exp

# The statements whose meaning differs; transactions, settings and grants are the same.
_REWRITTEN = re.compile(
    r"\s*(?:(?:/\*.*?\*/|--[^\n]*)\s*)*(?:select|with|create|insert|update|delete|alter|merge)\b",
    re.IGNORECASE | re.DOTALL,
)
_INSERT_VALUES = re.compile(r"\s*insert\s+into\s+[^()']+\([^()']*\)\s*values\b", re.IGNORECASE)
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|\$\$.*?\$\$""", re.DOTALL)
_PHYSICAL = (exp.DistKeyProperty, exp.DistStyleProperty, exp.SortKeyProperty)
_MOST_BYTES = 65535


def to_postgres(sql: str) -> str:
    """Return what PostgreSQL has to be told."""
    if not _REWRITTEN.match(sql) or _INSERT_VALUES.match(sql):
        return _with_own_quotes(sql)
    try:
        parsed = sqlglot.parse(sql, read="redshift")
    except sqlglot.errors.SqlglotError:
        return _with_own_quotes(sql)
    if any(statement is None or isinstance(statement, exp.Command) for statement in parsed):
        return _with_own_quotes(sql)
    return ";\n".join(_rewritten(statement).sql(dialect="postgres") for statement in parsed)


def _with_own_quotes(sql: str) -> str:
    """Fold quoted names to lower case, and say that a backslash in a text escapes."""

    def own(match: re.Match[str]) -> str:
        text = match[0]
        if text[0] == '"':
            return text.lower()
        return f" E{text}" if text[0] == "'" and "\\" in text else text

    return _QUOTED.sub(own, sql)


def _rewritten(statement: exp.Expression) -> exp.Expression:
    # From the leaves up, so that what is replaced holds nothing that still has to be.
    for node in reversed(list(statement.walk())):
        if rewrite := _REWRITES.get(type(node)):
            rewrite(node)
    return statement


def _identifier(node: exp.Expression) -> None:
    """Names are the same in any case, also in quotes."""
    node.set("this", node.name.lower())


def _data_type(node: exp.Expression) -> None:
    """A text without a length has 256 bytes, the longest has 65535."""
    if node.is_type("varchar", "text", "nvarchar"):
        length = node.expressions[0].name.lower() if node.expressions else "256"
        limit = _MOST_BYTES if length == "max" else int(length)
        node.replace(exp.DataType.build(f"varchar({limit})", dialect="postgres"))
    elif node.is_type("super"):
        node.replace(exp.DataType.build("jsonb", dialect="postgres"))


def _properties(node: exp.Expression) -> None:
    """Distribution and sort keys mean nothing to PostgreSQL."""
    kept = [part for part in node.expressions if not isinstance(part, _PHYSICAL)]
    node.set("expressions", kept)


def _date_difference(node: exp.Expression) -> None:
    part = exp.Literal.string(node.text("unit").lower())
    node.replace(
        exp.Anonymous(this="datediff", expressions=[part, node.args["expression"], node.this])
    )


def _date_sum(node: exp.Expression) -> None:
    part = exp.Literal.string(node.text("unit").lower())
    node.replace(
        exp.Anonymous(this="dateadd", expressions=[part, node.args["expression"], node.this])
    )


def _part_of_text(node: exp.Expression) -> None:
    """REGEXP_SUBSTR, which has another name in the parser."""
    node.replace(exp.Anonymous(this="regexp_substr", expressions=[node.this, node.expression]))


def _list(node: exp.Expression) -> None:
    """LISTAGG as STRING_AGG, whose order stands inside."""
    listed = node.this
    if isinstance(listed, exp.GroupConcat):
        separator = listed.args.get("separator") or exp.Literal.string("")
        ordered = exp.Order(this=separator.copy(), expressions=node.expression.expressions)
        node.replace(exp.Anonymous(this="string_agg", expressions=[listed.this, ordered]))


_REWRITES: dict[type[exp.Expression], Callable[[exp.Expression], None]] = {
    exp.Identifier: _identifier,
    exp.Properties: _properties,
    exp.DataType: _data_type,
    exp.DateDiff: _date_difference,
    exp.TsOrDsDiff: _date_difference,
    exp.DateAdd: _date_sum,
    exp.TsOrDsAdd: _date_sum,
    exp.RegexpExtract: _part_of_text,
    exp.WithinGroup: _list,
}
