"""What can be told of SQL without the warehouse that it is for."""

from __future__ import annotations

import sqlglot
from sqlfluff.core.dialects import dialect_selector
from sqlglot import ErrorLevel, TokenType, exp
from sqlglot.errors import SqlglotError

# What sqlglot writes differently, although the warehouse takes it as it stands.
SYNONYMS = {
    "snowflake": {
        "extract",
        "md5",
        "mod",
        "position",
        "stddev_samp",
        "text",
        "time",
        "timestamp",
    },
    "redshift": {"md5", "mod", "text", "timestamptz"},
    "bigquery": {"bigint", "boolean", "md5", "mod", "strpos", "to_hex"},
}
# What sqlglot does not know, although the warehouse does.
UNKNOWN_TO_SQLGLOT = {
    "snowflake": set(),
    "redshift": {"json_serialize"},
    "bigquery": set(),
}


def objections(sql: str, dialect: str) -> list[str]:
    """Say what is wrong with statements in a dialect; nothing if it is understood."""
    try:
        statements = [s for s in sqlglot.parse(sql, read=dialect) if s is not None]
        written = ";".join(
            s.sql(dialect=dialect, unsupported_level=ErrorLevel.RAISE) for s in statements
        )
    except SqlglotError as error:
        return [str(error)]
    if not statements or any(s.find(exp.Command) for s in statements):
        return ["not understood at all"]
    unknown = {
        node.name.lower() for s in statements for node in s.find_all(exp.Anonymous)
    } - UNKNOWN_TO_SQLGLOT[dialect]
    foreign = (
        _functions_and_types(sql, dialect)
        - _functions_and_types(written, dialect)
        - SYNONYMS[dialect]
        - UNKNOWN_TO_SQLGLOT[dialect]
    )
    return [
        *(f"unknown function {name}" for name in sorted(unknown)),
        *(f"function or type of another dialect: {name}" for name in sorted(foreign)),
        *(f"reserved word as a name: {name}" for name in sorted(_reserved(statements, dialect))),
    ]


def _functions_and_types(sql: str, dialect: str) -> set[str]:
    """Names before a parenthesis, and names of types, as they are written."""
    types = sqlglot.Dialect.get_or_raise(dialect).parser_class.TYPE_TOKENS
    tokens = sqlglot.tokenize(sql, read=dialect)
    return {
        token.text.lower()
        for token, after in zip(tokens, [*tokens[1:], None], strict=True)
        if (token.token_type in types - {TokenType.IDENTIFIER, TokenType.VAR})
        or (token.token_type == TokenType.VAR and after and after.token_type == TokenType.L_PAREN)
    }


def _reserved(statements: list[exp.Expression], dialect: str) -> set[str]:
    words = dialect_selector(dialect).sets("reserved_keywords")
    return {
        name.name.lower()
        for statement in statements
        for name in statement.find_all(exp.Identifier)
        if not name.args.get("quoted") and name.name.upper() in words
    }
