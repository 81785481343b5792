"""The contents of a database as counts and checksums, to compare two that are not side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from airflow_snapshot.database import Connection

ORIGIN_TABLE = "airflow_snapshot_origin"
"""Table of a restored database that says which snapshot it came from; in no snapshot itself."""

# PostgreSQL partitions tables by this hash, so every release since 11 computes the same (on
# machines of the same byte order). The sum does not depend on the order of rows.
_CONTENTS_SQL = """
    select count(*), coalesce(sum(hashtextextended(whole_row::text, 0)::numeric), 0)::text
    from {} as whole_row
"""
# Tables of an extension are not Airflow's; pg_dump leaves them out too.
NOT_OF_AN_EXTENSION = """not exists (
    select from pg_depend
    where classid = 'pg_class'::regclass and objid = relation.oid and deptype = 'e'
)"""
_TABLES_SQL = f"""
    select relation.relname::text
    from pg_class as relation
    inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname = %s and relation.relkind = 'r' and relation.relname <> %s
        and {NOT_OF_AN_EXTENSION}
    order by pg_relation_size(relation.oid) desc, relation.relname
"""
# Releases spell check constraints differently, so of those only the name counts.
_CONSTRAINTS_SQL = f"""
    select relation.relname || '.' || key.conname, case
        when key.contype in ('p', 'u', 'f') then pg_get_constraintdef(key.oid)
        else key.contype::text
    end || case when key.convalidated then '' else ' NOT VALID' end
    from pg_constraint as key
    inner join pg_class as relation on relation.oid = key.conrelid
    inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname = %s and key.contype in ('p', 'u', 'f', 'c', 'x')
        and relation.relname <> %s and {NOT_OF_AN_EXTENSION}
    order by 1
"""
_INDEXES_SQL = f"""
    select relation.relname || '.' || class.relname,
        case when index.indisunique then 'unique ' else '' end
        || case when index.indisvalid then 'index' else 'invalid index' end
    from pg_index as index
    inner join pg_class as class on class.oid = index.indexrelid
    inner join pg_class as relation on relation.oid = index.indrelid
    inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname = %s and relation.relname <> %s and {NOT_OF_AN_EXTENSION}
    order by 1
"""
_SEQUENCES_SQL = """
    select relation.relname::text, attribute.attname::text,
        pg_get_serial_sequence(quote_ident(namespace.nspname) || '.'
            || quote_ident(relation.relname), attribute.attname)
    from pg_class as relation
    inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
    inner join pg_attribute as attribute on attribute.attrelid = relation.oid
    where namespace.nspname = %s and relation.relkind = 'r' and attribute.attnum > 0
        and not attribute.attisdropped and attribute.atttypid in (20, 21, 23)
        and pg_get_serial_sequence(quote_ident(namespace.nspname) || '.'
            || quote_ident(relation.relname), attribute.attname) is not null
"""


@dataclass(frozen=True)
class TableContents:
    """The rows of one table.

    Attributes:
        rows: How many there are.
        checksum: Sum of the hashes of their text, as a decimal number.
    """

    rows: int
    checksum: str


@dataclass(frozen=True)
class Contents:
    """All that two schemas must have in common to count as equal.

    Attributes:
        tables: By name.
        constraints: Definition of each key, foreign key and check, by `table.name`.
        indexes: Kind of each index, by `table.name`.
        late_sequences: `table.column` of each sequence whose next value is already taken.
    """

    tables: Mapping[str, TableContents]
    constraints: Mapping[str, str]
    indexes: Mapping[str, str]
    late_sequences: Sequence[str]

    @property
    def rows(self) -> int:
        """Number of rows in all tables."""
        return sum(table.rows for table in self.tables.values())

    def differences(self, found: Contents) -> list[str]:
        """Return a sentence for each difference of what was found from this."""
        differences = []
        for name in sorted(self.tables.keys() | found.tables.keys()):
            expected, is_there = self.tables.get(name), found.tables.get(name)
            if expected is None:
                differences.append(f"table {name} should not be there")
            elif is_there is None:
                differences.append(f"table {name} is missing")
            elif expected.rows != is_there.rows:
                differences.append(
                    f"table {name} has {is_there.rows:,} rows, not {expected.rows:,}"
                )
            elif expected != is_there:
                differences.append(f"table {name}: rows have another content")
        differences += _differences("constraint", self.constraints, found.constraints)
        differences += _differences("index", self.indexes, found.indexes)
        late = sorted(set(found.late_sequences) - set(self.late_sequences))
        return differences + [f"sequence of {name} is behind its rows" for name in late]


def _differences(kind: str, expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    differences = [f"{kind} {name} is missing" for name in sorted(expected.keys() - found.keys())]
    added = sorted(found.keys() - expected.keys())
    differences += [f"{kind} {name} should not be there" for name in added]
    return differences + [
        f"{kind} {name} is {found[name]}, not {expected[name]}"
        for name in sorted(expected.keys() & found.keys())
        if expected[name] != found[name]
    ]


def table_names(connection: Connection, schema: str) -> list[str]:
    """Return the tables of a schema, the largest first."""
    return [name for (name,) in connection.execute(_TABLES_SQL, (schema, ORIGIN_TABLE))]


def read_contents(
    connection: Connection,
    schema: str,
    tables: Iterable[str] | None = None,
    on_table_read: Callable[[str], None] = lambda _: None,
) -> Contents:
    """Read the contents of a schema, in the connection's transaction if it has one.

    Args:
        connection: Of `connected`; its search path is changed.
        schema: Airflow's schema.
        tables: Read the rows of these tables only; None for all.
        on_table_read: Called with the name of each table once its rows were read.
    """
    # So that definitions name no schema.
    connection.execute("select set_config('search_path', quote_ident(%s), false)", [schema])
    contents = {}
    for table in table_names(connection, schema) if tables is None else tables:
        query = sql.SQL(_CONTENTS_SQL).format(sql.Identifier(schema, table))
        [(rows, checksum)] = connection.execute(query)
        contents[table] = TableContents(rows, checksum)
        on_table_read(table)
    return Contents(
        tables=dict(sorted(contents.items())),
        constraints=dict(connection.execute(_CONSTRAINTS_SQL, (schema, ORIGIN_TABLE)).fetchall()),
        indexes=dict(connection.execute(_INDEXES_SQL, (schema, ORIGIN_TABLE)).fetchall()),
        late_sequences=_late_sequences(connection, schema),
    )


def _late_sequences(connection: Connection, schema: str) -> list[str]:
    late = []
    for table, column, sequence in connection.execute(_SEQUENCES_SQL, [schema]).fetchall():
        # The name comes quoted.
        query = sql.SQL("select (select max({}) from {}), last_value + is_called::int from {}")
        names = (sql.Identifier(column), sql.Identifier(schema, table), sql.SQL(sequence))
        [(highest, following)] = connection.execute(query.format(*names))
        if highest is not None and highest >= following:
            late.append(f"{table}.{column}")
    return sorted(late)
