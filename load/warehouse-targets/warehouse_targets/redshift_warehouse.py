"""A Redshift database as a warehouse: login, files in S3, and what its errors mean."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

import dlt
import psycopg2
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from dlt.common.destination import Destination
from dlt.destinations.impl.redshift.redshift import RedshiftClient
from psycopg2 import errors
from s3fs import S3FileSystem

from warehouse_targets.columns import ColumnType
from warehouse_targets.errors import (
    DiskFullError,
    LoadError,
    TargetSettingsError,
    WarehouseRefusedError,
    WarehouseUnavailableError,
    causes_of,
    first_line,
)
from warehouse_targets.insides_of_dlt import (
    IdleConnections,
    destination_of_one_load,
    failed_table,
)
from warehouse_targets.redshift_files import FittedRows
from warehouse_targets.staging_schemas import leftover_schemas, new_staging_layout
from warehouse_targets.warehouse import OpenWarehouse, TableToLoad, imported

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase

# A statement waits for other sessions' locks too.
_LONGEST_STATEMENT_MINUTES = 60
_S3_TIMEOUTS = {"connect_timeout": 15, "read_timeout": 60, "retries": {"max_attempts": 3}}

_STAGING_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/[\w!.*()-]+)*/?")
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")

logger = logging.getLogger(__name__)


class RedshiftWarehouse:
    """Loads into one schema of a Redshift database, by COPY of Parquet files in S3 if it can."""

    # A session for each worker: all schemas of a database share its sessions.
    # What makes a job fail does not go away within seconds: the next run tries again.
    most_workers = 4
    load_settings: Mapping[str, object] = {"raise_on_max_retries": 1}
    naming = "warehouse_targets.naming_conventions.CaseInsensitiveNames"
    # COPY would take JSON as one text of SUPER, and takes no time of day from Parquet.
    stored_as: Mapping[ColumnType, ColumnType] = {"json": "text", "time": "text"}
    # dlt has no other for Redshift; it is one transaction.
    merge_strategy = "delete-insert"

    def __init__(self, settings: Mapping[str, Any], schema_name: str) -> None:
        """Check the settings; nothing is connected yet.

        Args:
            settings: Those of ``target-redshift``. Without ``s3_staging_url`` rows are sent by
                INSERT; without ``copy_role_arn`` Redshift reads files with the credentials of AWS
                with which they are written.
            schema_name: Schema to load.

        Raises:
            TargetSettingsError: A setting has no possible value, or lacks another.
        """
        url, role = settings.get("s3_staging_url"), settings.get("copy_role_arn")
        if url and not _STAGING_URL.fullmatch(url):
            msg = f"s3_staging_url is {url!r}; it has to be like s3://bucket/prefix"
            raise TargetSettingsError(msg)
        if role and not _ROLE_ARN.fullmatch(role):
            msg = (
                f"copy_role_arn is {role!r}; it has to be like arn:aws:iam::123456789012:role/name"
            )
            raise TargetSettingsError(msg)
        certificates = settings.get("sslrootcert") or "system"
        if certificates != "system" and not Path(certificates).is_file():
            # With sslmode require libpq would check nothing then, and say nothing.
            msg = f"sslrootcert: there is no file {certificates}"
            raise TargetSettingsError(msg)
        if role and not url:
            msg = "copy_role_arn serves to read files, so it needs s3_staging_url"
            raise TargetSettingsError(msg)
        self._settings = settings
        self._schema_name = schema_name
        self._staging_url = url.rstrip("/") if url else None

    @contextmanager
    def open(self) -> Iterator[OpenWarehouse]:
        """Make a place in S3 for the load's files, and remove it at the end.

        Raises:
            TargetSettingsError: There are no credentials of AWS.
            WarehouseRefusedError: The bucket is not there or may not be used.
            WarehouseUnavailableError: S3 cannot be reached.
        """
        layout = new_staging_layout()
        connections = IdleConnections()
        destination = self._destination(layout, connections)
        with (
            closing(connections),
            tempfile.TemporaryDirectory(prefix="target-redshift-") as folder,
        ):
            if not self._staging_url:
                logger.warning(
                    "s3_staging_url is not set, so rows are sent by INSERT: ten thousands of rows"
                    " take minutes. Set TARGET_REDSHIFT_S3_STAGING_URL to load files"
                )
                yield OpenWarehouse(destination, Path(folder), rows=_inserted)
                return
            with self._files_in_s3(self._staging_url, layout % self._schema_name) as files:
                yield OpenWarehouse(destination, Path(folder), files, _copied)

    def _destination(
        self, staging_layout: str, connections: IdleConnections
    ) -> Destination[Any, Any]:
        settings = self._settings
        certificates = settings.get("sslrootcert")
        timeout = _LONGEST_STATEMENT_MINUTES * 60_000
        kind = destination_of_one_load(dlt.destinations.redshift, RedshiftClient, connections)
        return kind(
            credentials={
                **{name: settings[name] for name in ("host", "port", "password", "database")},
                "username": settings["user"],
                "query": {
                    "sslmode": settings["sslmode"],
                    **({"sslrootcert": certificates} if certificates else {}),
                    "application_name": "target-redshift",
                    "options": f"-cstatement_timeout={timeout}",
                    # A connection that waits for long is not to be dropped on the way.
                    "keepalives_idle": "60",
                },
            },
            staging_iam_role=settings.get("copy_role_arn") or None,
            replace_strategy="insert-from-staging",
            staging_dataset_name_layout=staging_layout,
            # Not set by dlt 1.31: rows would be deleted in one transaction and inserted in another.
            supports_transactions=True,
            # TRUNCATE commits by itself, and the table would be empty until the rows come.
            supports_truncate_command=False,
        )

    @contextmanager
    def _files_in_s3(self, staging_url: str, name: str) -> Iterator[Destination[Any, Any]]:
        bucket, _, prefix = staging_url.removeprefix("s3://").partition("/")
        store = S3FileSystem(config_kwargs=_S3_TIMEOUTS, skip_instance_cache=True)
        try:
            listed = store.call_s3(
                "list_objects_v2",
                Bucket=bucket,
                Prefix=f"{prefix}/" if prefix else "",
                Delimiter="/",
            )
            folders = [urlsplit(entry["Prefix"]).path for entry in listed.get("CommonPrefixes", ())]
            names = [folder.rstrip("/").rpartition("/")[2] for folder in folders]
            for leftover in leftover_schemas(names, self._schema_name):
                _remove(store, f"{staging_url}/{leftover}")
        except (BotoCoreError, ClientError, OSError) as error:
            raise self.explain(error) or error from error
        # dlt shares file systems by their arguments, which lack the environment's credentials.
        S3FileSystem.clear_instance_cache()
        try:
            yield dlt.destinations.filesystem(
                f"{staging_url}/{name}", config_kwargs=dict(_S3_TIMEOUTS)
            )
        finally:
            _remove(store, f"{staging_url}/{name}")

    def leftovers(self, client: SqlClientBase[Any], schema_name: str) -> Sequence[str]:
        """Return the staging schemas of killed loads."""
        with client.execute_query("select nspname from pg_namespace") as found:
            names = [name for (name,) in found.fetchall()]
        return leftover_schemas(names, schema_name.lower())

    def explain(self, error: BaseException) -> LoadError | None:
        """Return what an error of Redshift or of S3 means, None for a defect."""
        for cause in causes_of(error):
            if isinstance(cause, psycopg2.Error):
                return self._explain_database(cause, failed_table(error))
            if isinstance(cause, ClientError | BotoCoreError):
                return self._explain_store(cause)
        return None

    def _explain_database(self, error: psycopg2.Error, table: str) -> LoadError:
        message = _message_of(error)
        where = "Redshift {host}:{port}/{database}".format(**self._settings)
        if table:
            where += f", table {table}"
        for by_code, words, kind, advice in _DATABASE_ERRORS:
            if isinstance(error, by_code) or (words and re.search(words, message, re.IGNORECASE)):
                return kind(f"{where}: {message}. {advice}")
        if isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
            return WarehouseUnavailableError(
                f"{where}: {message}. Check TARGET_REDSHIFT_HOST and TARGET_REDSHIFT_PORT, whether"
                " the cluster is available and lets this machine in, and run the sync again"
            )
        return WarehouseRefusedError(f"{where}: {message}")

    def _explain_store(self, error: ClientError | BotoCoreError) -> LoadError:
        url = self._staging_url or "S3"
        if isinstance(error, NoCredentialsError):
            return TargetSettingsError(
                "s3_staging_url: no credentials of AWS were found. Set AWS_ACCESS_KEY_ID and"
                " AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role is attached"
            )
        if isinstance(error, ClientError):
            code = error.response.get("Error", {}).get("Code", "")
            message = f"{url}: {first_line(error)}"
            if code in _EXPIRED:
                return WarehouseUnavailableError(f"{message}. {_RENEW}")
            if code in _BUSY:
                return WarehouseUnavailableError(f"{message}. Run the sync again")
            return WarehouseRefusedError(f"{message}. {_CHECK_BUCKET}")
        return WarehouseUnavailableError(
            f"{url}: {first_line(error)}. Check that this machine reaches S3, and run the sync"
            " again"
        )


def _remove(store: S3FileSystem, url: str) -> None:
    """Remove a folder, or warn: what is loaded is loaded."""
    try:
        store.invalidate_cache()
        if store.find(url):
            store.rm(url, recursive=True)
            store.invalidate_cache()
        # It says nothing of files that it may not remove.
        left = bool(store.find(url))
    except (BotoCoreError, ClientError, OSError):
        left = True
    if left:
        logger.warning("%s could not be removed. Allow s3:DeleteObject there, or remove it", url)


def _copied(table: TableToLoad) -> Iterator[Any]:
    fitted = FittedRows(table)
    saved = [
        fitted.save(file, table.folder / f"{table.name}.{number}.fitted.parquet")
        for number, file in enumerate(table.files)
    ]
    fitted.warn_of_cut_texts()
    yield from imported(replace(table, files=saved))


def _inserted(table: TableToLoad) -> Iterator[Any]:
    fitted = FittedRows(table, only_finite=True)
    for file in table.files:
        yield from fitted.read(file)
    fitted.warn_of_cut_texts()


_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_BUSY = {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "503", "500"}
_RENEW = "Renew the credentials of AWS, and run the sync again"
_CHECK_BUCKET = (
    "Check s3_staging_url, the credentials of AWS and copy_role_arn; docs/warehouses/redshift.md"
    " names the permissions"
)
_AGAIN = "Run the sync again"
_Codes: TypeAlias = "type[psycopg2.Error] | tuple[type[psycopg2.Error], ...]"
# By SQLSTATE, which psycopg2 makes a class of. An error at login has none, and what Redshift has
# beyond PostgreSQL comes as an internal error, so words are looked for too.
_DATABASE_ERRORS: Sequence[tuple[_Codes, str | None, type[LoadError], str]] = (
    (
        (),
        r"password authentication failed|no password supplied|(user|role) .* does not exist",
        WarehouseRefusedError,
        "Check TARGET_REDSHIFT_USER and TARGET_REDSHIFT_PASSWORD",
    ),
    ((), r"database .* does not exist", WarehouseRefusedError, "Check TARGET_REDSHIFT_DATABASE"),
    (
        (),
        r"certificate|does not support SSL|root\.crt|sslrootcert",
        WarehouseRefusedError,
        "Check TARGET_REDSHIFT_SSLMODE; TARGET_REDSHIFT_SSLROOTCERT names trusted certificates",
    ),
    (
        (),
        r"assume IAM Role",
        WarehouseRefusedError,
        "Check TARGET_REDSHIFT_COPY_ROLE_ARN, and that the role is attached to the cluster",
    ),
    ((), r"ExpiredToken|token .* expired", WarehouseUnavailableError, _RENEW),
    ((), r"S3ServiceException|S3 Query Exception.*denied", WarehouseRefusedError, _CHECK_BUCKET),
    (
        errors.InsufficientPrivilege,
        r"not authorized",
        WarehouseRefusedError,
        "Grant it as docs/warehouses/redshift-setup.sql does",
    ),
    (
        errors.DuplicateTable,
        None,
        WarehouseRefusedError,
        "It is not this user's. Make TARGET_REDSHIFT_USER its owner, or drop it",
    ),
    (
        errors.DiskFull,
        r"disk full|no space left|could not extend",
        DiskFullError,
        "Make room in the cluster, and run the sync again",
    ),
    (
        (errors.SerializationFailure, errors.DeadlockDetected),
        r"serializable isolation|concurrent transaction|deadlock",
        WarehouseUnavailableError,
        f"Another session wrote the same tables. {_AGAIN}",
    ),
    (
        errors.QueryCanceled,
        r"cancell?ed on user",
        WarehouseUnavailableError,
        f"Another session may hold a lock on the table; see STV_LOCKS. {_AGAIN}",
    ),
    (
        (errors.AdminShutdown, errors.CannotConnectNow, errors.TooManyConnections),
        r"too many|connection limit|usage limit|shutting down|starting up|paused",
        WarehouseUnavailableError,
        _AGAIN,
    ),
)
_CONTEXT = re.compile(r"^\s*context:\s*(?P<context>\S.*)$", re.MULTILINE)


def _message_of(error: psycopg2.Error) -> str:
    """Return Redshift's own words, in one line.

    The rest of psycopg2's text may quote the statement, which has keys in it.
    """
    message = error.diag.message_primary or first_line(error)
    context = _CONTEXT.search(error.diag.message_detail or "")
    return f"{message} ({context['context']})" if context else message
