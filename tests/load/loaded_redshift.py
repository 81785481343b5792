"""A database in the stand-in for Redshift."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any, ClassVar

import psycopg2

from tests.load.loaded_warehouse import LoadedWarehouse
from tests.stand_ins.redshift import BUCKET, PASSWORD, PREFIX, ROLE, USER, RedshiftStandIn
from warehouse_targets.target import WarehouseTarget
from warehouse_targets.target_redshift import RedshiftTarget

_TYPES = {
    "character varying": "text",
    "bigint": "bigint",
    "double precision": "double",
    "boolean": "bool",
    "timestamp with time zone": "timestamp",
    "date": "date",
}
_numbers = itertools.count(1)


@dataclass
class LoadedRedshift(LoadedWarehouse):
    """One database of a stand-in.

    Attributes:
        stand_in: The stand-in.
        database: The database's name, the prefix of its files in S3 too.
        changed: Settings that are others; None leaves one out.
    """

    stand_in: RedshiftStandIn = field(kw_only=True)
    database: str = field(default="", kw_only=True)
    changed: dict[str, Any] = field(default_factory=dict, kw_only=True)

    target: ClassVar[type[WarehouseTarget]] = RedshiftTarget
    longest_text: ClassVar[int | None] = 65535

    def __post_init__(self) -> None:
        self.database = self.database or self.stand_in.create_database(f"t{next(_numbers)}")
        # dbt's driver trusts no certificate but those of authorities it knows.
        certificate = {"SSL_CERT_FILE": str(self.stand_in.certificate)}
        self.environment = self.environment | self.stand_in.aws_environment() | certificate

    @property
    def settings(self) -> dict[str, Any]:
        settings = {
            "host": "127.0.0.1",
            "port": self.stand_in.port,
            "user": USER,
            "password": PASSWORD,
            "database": self.database,
            "s3_staging_url": f"s3://{BUCKET}/{self._prefix}",
            "copy_role_arn": ROLE,
            **self.changed,
        }
        return {name: value for name, value in settings.items() if value is not None}

    @property
    def _prefix(self) -> str:
        return f"{PREFIX}/{self.database}"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.stand_in.port,
            user=USER,
            password=PASSWORD,
            dbname=self.database,
            sslmode="require",
            options=f'-csearch_path="{self.schema_name}"',
        )
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def quoted(self, name: str) -> str:
        return f'"{name}"'

    def microseconds(self, column: str) -> str:
        return f"datediff(microsecond, '1970-01-01'::timestamp, {column}::timestamp)"

    def tables(self) -> list[tuple[str, str]]:
        return self.query(
            "select table_schema::text, table_name::text from information_schema.tables"
            " where table_schema not in ('pg_catalog', 'information_schema') order by 1, 2"
        )

    def columns(self, table: str) -> list[tuple[str, str]]:
        found = self.query(
            "select column_name::text, data_type::text, character_maximum_length"
            f" from information_schema.columns where table_schema = '{self.schema_name}'"
            f" and table_name = '{table.lower()}' order by ordinal_position"
        )
        assert {length for _, _, length in found} <= {None, 65535}
        return [(name, _TYPES.get(kind, kind)) for name, kind, _ in found]

    def traces(self) -> list[str]:
        schemas = self.query(
            "select nspname::text from pg_namespace where nspname like '%loading%'"
        )
        return [*(name for (name,) in schemas), *self.stand_in.objects(self._prefix)]
