"""COPY of Parquet objects, with the conditions and errors that Redshift documents for it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

COPY = re.compile(
    r"\s*COPY\s+(?P<table>(?:\"[^\"]+\"|[\w.])+)\s+FROM\s+'s3://(?P<bucket>[^/']+)/(?P<prefix>[^']*)'"
    r"(?P<options>.*)",
    re.IGNORECASE | re.DOTALL,
)
_ROLE = re.compile(r"\bIAM_ROLE\s+'([^']+)'", re.IGNORECASE)
_KEYS = re.compile(r"\bCREDENTIALS\s+'([^']+)'", re.IGNORECASE)
_PARQUET = re.compile(r"\bPARQUET\b", re.IGNORECASE)
_REGION = re.compile(r"\bREGION\b", re.IGNORECASE)
# The compression of columns that is documented for Parquet.
_CODECS = {"UNCOMPRESSED", "SNAPPY", "GZIP"}
_TYPES: Mapping[str, pa.DataType] = {
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "character varying": pa.string(),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
}
_DETAIL = """
  -----------------------------------------------
  error:  {error}
  code:      {code}
  context:   {context}
  query:     1
  location:  dory_util.cpp:1
  process:   worker_thread [pid=1]
  -----------------------------------------------
"""


class CopyError(Exception):
    """What Redshift says when a COPY fails.

    Attributes:
        message: Its first line.
        detail: The lines below.
    """

    def __init__(self, message: str, code: int, context: str) -> None:
        super().__init__(message)
        self.message = message
        self.detail = _DETAIL.format(error=message, code=code, context=context)


@dataclass(frozen=True)
class Column:
    """A column of the table that is loaded.

    Attributes:
        name: Its name.
        kind: Its type, without a length.
        most_bytes: Of a text; else None.
    """

    name: str
    kind: str
    most_bytes: int | None


@dataclass(frozen=True)
class ObjectStore:
    """Where objects are, and who may read them.

    Attributes:
        url: Address of the S3 server.
        roles: Keys by the ARN of a role that the cluster may assume.
        folder: For rows on their way, readable by the PostgreSQL server.
    """

    url: str
    roles: Mapping[str, tuple[str, str]]
    folder: Path

    def copy(self, statement: re.Match[str], server: psycopg.Connection[Any]) -> str:
        """Return the COPY of PostgreSQL that loads what a COPY of Redshift names.

        Args:
            statement: A match of ``COPY``.
            server: To ask for the table's columns; those of a table that was made in a
                transaction that still goes on cannot be seen.

        Raises:
            CopyError: It fails.
        """
        options = statement["options"]
        if not _PARQUET.search(options):
            msg = "Only PARQUET is known to this stand-in"
            raise CopyError(msg, 8001, "")
        if _REGION.search(options):
            msg = "REGION argument is not supported for PARQUET based COPY"
            raise CopyError(msg, 8001, "")
        table = statement["table"].lower()
        columns = _columns(server, table)
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".csv", delete=False) as rows:
            for name, content in self._objects(statement["bucket"], statement["prefix"], options):
                _write(name, content, columns, rows)
        Path(rows.name).chmod(0o644)
        return f"copy {table} from '{rows.name}' (format csv)"

    def _objects(
        self, bucket: str, prefix: str, options: str
    ) -> Iterator[tuple[str, pa.BufferReader]]:
        client = boto3.client("s3", endpoint_url=self.url, **self._login(options))
        try:
            found = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
            if not found:
                message = f"The specified S3 prefix '{prefix}' does not exist"
                raise CopyError(message, 8001, "")
            for entry in found:
                content = client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                yield f"{self.url}/{bucket}/{entry['Key']}", pa.BufferReader(content)
        except ClientError as error:
            said, status = error.response["Error"], error.response["ResponseMetadata"]
            message = (
                f"S3ServiceException:{said['Message']},Status {status['HTTPStatusCode']},"
                f"Error {said['Code']},Rid 1,CanRetry 1"
            )
            context = f"Failed to list bucket={bucket} prefix={prefix}"
            raise CopyError(message, 8001, context) from error

    def _login(self, options: str) -> dict[str, str]:
        if role := _ROLE.search(options):
            if role[1] not in self.roles:
                message = (
                    "User arn:aws:redshift:us-east-1:123456789012:dbuser:audit/loader is not"
                    f" authorized to assume IAM Role {role[1]}"
                )
                raise CopyError(message, 8001, f"IAM Role={role[1]}")
            key, secret = self.roles[role[1]]
            return {"aws_access_key_id": key, "aws_secret_access_key": secret}
        if keys := _KEYS.search(options):
            given = dict(part.split("=", 1) for part in keys[1].split(";"))
            if "token" in given:
                given["aws_session_token"] = given.pop("token")
            return given
        msg = "No credentials are specified"
        raise CopyError(msg, 8001, "")


def _columns(server: psycopg.Connection[Any], table: str) -> list[Column]:
    rows = server.execute(
        "select attname, format_type(atttypid, null), nullif(atttypmod, -1) - 4 from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        [table],
    ).fetchall()
    return [Column(*row) for row in rows]


def _write(name: str, content: pa.BufferReader, columns: list[Column], rows: Any) -> None:
    with pq.ParquetFile(content) as file:
        _check_shape(name, file, columns)
        for index in range(file.num_row_groups):
            group = file.read_row_group(index)
            _check_lengths(name, group, columns)
            pyarrow.csv.write_csv(group, rows, pyarrow.csv.WriteOptions(include_header=False))


def _check_shape(name: str, file: pq.ParquetFile, columns: list[Column]) -> None:
    schema = file.schema_arrow
    if len(schema) != len(columns):
        raise _scan_error(
            "Unmatched number of columns between table and file."
            f" Table columns: {len(columns)}, Data columns: {len(schema)}, File name: {name}"
        )
    for column, field in zip(columns, schema, strict=True):
        if field.type != _TYPES[column.kind]:
            raise _scan_error(
                f"File '{name}' has an incompatible Parquet schema for column '{field.name}'."
                f" Column type: {column.kind.upper()}, Parquet schema: optional {field.type}"
            )
    for index in range(file.num_row_groups):
        group = file.metadata.row_group(index)
        codecs = {group.column(number).compression for number in range(group.num_columns)}
        if codecs - _CODECS:
            raise _scan_error(f"File '{name}' has an unsupported compression {codecs}")


def _check_lengths(name: str, group: pa.Table, columns: list[Column]) -> None:
    for position, column in enumerate(columns):
        if column.most_bytes is not None:
            lengths = pc.binary_length(group.column(position))
            longest = pc.max(lengths).as_py() or 0
            if longest > column.most_bytes:
                raise _scan_error(
                    f"The length of the data column {column.name} is longer than the length"
                    f" defined in the table. Table: {column.most_bytes}, Data: {longest},"
                    f" File name: {name}"
                )


def _scan_error(context: str) -> CopyError:
    return CopyError("Spectrum Scan Error", 15007, context)
