"""A Snowflake database as a warehouse: logging in, staging, and what its errors mean."""

from __future__ import annotations

import base64
import logging
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlt
import snowflake.connector
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from dlt.common.data_writers.escape import escape_snowflake_identifier
from dlt.common.destination import Destination
from dlt.destinations.impl.snowflake.snowflake import SnowflakeClient
from snowflake.connector.errorcode import ER_HTTP_GENERAL_ERROR

from warehouse_targets.columns import ColumnType
from warehouse_targets.errors import (
    LoadError,
    TargetSettingsError,
    WarehouseRefusedError,
    WarehouseUnavailableError,
    causes_of,
)
from warehouse_targets.insides_of_dlt import (
    IdleConnections,
    OverwriteJob,
    destination_of_one_load,
)
from warehouse_targets.staging_schemas import leftover_schemas, new_staging_layout
from warehouse_targets.warehouse import OpenWarehouse
from warehouse_targets.warehouse_settings import load_settings

if TYPE_CHECKING:
    from dlt.common.destination import PreparedTableSchema
    from dlt.common.destination.client import FollowupJobRequest
    from dlt.common.storages.load_package import LoadJobInfo
    from dlt.destinations.sql_client import SqlClientBase

_LOGINS = load_settings("snowflake").logins
_KNOWN_TO_DLT = ("database", "password", "private_key", "authenticator", "token")
_LOGIN_SECONDS = 60
# Per request; a statement may take as long as it needs.
_REQUEST_SECONDS = 180
_STAGE = "FILES"

# Errors reach the user as exceptions, once; the driver would log each with its traceback.
logging.getLogger("snowflake.connector").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class _Meaning:
    """What an error of Snowflake means here.

    Attributes:
        numbers: Snowflake's of the error.
        error: The class to raise.
        advice: What to do.
        words: Pattern of its text, of an error that may come out of a batch of statements: a batch
            fails with one number for all errors.
    """

    numbers: Collection[int]
    error: type[LoadError]
    advice: str
    words: str | None = None

    def fits(self, number: int, text: str) -> bool:
        """Return whether an error has this meaning."""
        return number in self.numbers or bool(self.words and re.search(self.words, text))


def _variables(*settings: str) -> str:
    return " and ".join(f"{name} (TARGET_SNOWFLAKE_{name.upper()})" for name in settings)


# The first that fits counts.
_MEANINGS = (
    _Meaning({390100}, WarehouseRefusedError, f"Set {_variables('user', 'password')}"),
    _Meaning(
        {390144},
        WarehouseRefusedError,
        f"Set {_variables('user', 'private_key')}, and the key's public half in Snowflake:"
        " alter user … set rsa_public_key = '…'",
    ),
    _Meaning(
        {390303, 390318},
        WarehouseRefusedError,
        f"Set {_variables('oauth_token')} to a new token for this account and user",
    ),
    _Meaning({390189}, WarehouseRefusedError, f"Set {_variables('role')}, or grant it to the user"),
    _Meaning(
        {390201},
        WarehouseRefusedError,
        f"Set {_variables('database', 'warehouse')}, or grant usage on them to the role",
    ),
    _Meaning(
        {390422}, WarehouseRefusedError, "A network policy of the account has to admit this machine"
    ),
    _Meaning(
        {290403, 290404},
        WarehouseRefusedError,
        f"There is no such account. Set {_variables('account')}: <organization>-<account>",
    ),
    _Meaning(
        {3001},
        WarehouseRefusedError,
        "Grant it to the role; docs/warehouses/snowflake-setup.sql has all that is needed",
        words="Insufficient privileges",
    ),
    _Meaning(
        {606},
        WarehouseRefusedError,
        f"Set {_variables('warehouse')}, or grant usage on it to the role",
        words="No active warehouse",
    ),
    _Meaning(
        {90072, 90073},
        WarehouseUnavailableError,
        "Run the sync again when the resource monitor lets the warehouse run",
        words="exceeded its quota",
    ),
    _Meaning(
        {604, 625, 630},
        WarehouseUnavailableError,
        "Run the sync again; while another statement locks the table, or time limits are too"
        " short, it will not get through",
        words="was aborted because|has locked table|or warehouse timeout",
    ),
    _Meaning(
        {390104, 390111, 390112, 390114},
        WarehouseUnavailableError,
        "The session ended. Run the sync again",
    ),
    _Meaning(
        {2003, 2043, 90105, 90106},
        WarehouseRefusedError,
        f"It was dropped, or belongs to another role. Check {_variables('database', 'role')}",
        words="does not exist or not authorized",
    ),
)
# The driver's numbers of HTTP's 408, 429 and 5xx.
_NO_ANSWER = {290408, 290429, *range(290500, 290600)}


class SnowflakeWarehouse:
    """Loads into one schema of a Snowflake database."""

    # An X-Small warehouse runs eight statements at a time, and a table's are short.
    most_workers = 8
    load_settings: Mapping[str, object] = {"raise_on_max_retries": 2}
    naming = "warehouse_targets.naming_conventions.CaseInsensitiveNames"
    # A variant cannot be loaded from a text in Parquet.
    stored_as: Mapping[ColumnType, ColumnType] = {"json": "text"}
    # One MERGE a table.
    merge_strategy = "upsert"

    def __init__(self, settings: Mapping[str, Any], schema_name: str) -> None:
        """Check the settings; nothing is connected yet.

        Args:
            settings: Those of ``target-snowflake``.
            schema_name: Schema to load.

        Raises:
            TargetSettingsError: There is not exactly one login, or the account or the key cannot
                be.
        """
        self._parameters = _connection_parameters(settings)
        self._account = settings["account"]
        self._schema_name = schema_name

    @contextmanager
    def open(self) -> Iterator[OpenWarehouse]:
        """Log in, and make a staging schema, which also holds the stage of the files.

        It is transient, so that Time Travel and Fail-safe keep nothing of it.

        Raises:
            WarehouseRefusedError: The login or a right is missing.
            WarehouseUnavailableError: The account cannot be reached now.
        """
        layout = new_staging_layout()
        schema = escape_snowflake_identifier((layout % self._schema_name).upper())
        stage = f"{schema}.{_STAGE}"
        try:
            connection = snowflake.connector.connect(
                **self._parameters, validate_default_parameters=True
            )
            with connection:
                cursor = connection.cursor()
                cursor.execute(f"create transient schema {schema} data_retention_time_in_days = 0")
                connections = IdleConnections()
                try:
                    cursor.execute(f"create stage {stage}")
                    destination = self._destination(layout, stage, connections)
                    with closing(connections), tempfile.TemporaryDirectory() as folder:
                        yield OpenWarehouse(destination, Path(folder))
                finally:
                    cursor.execute(f"drop schema if exists {schema}")
        except snowflake.connector.Error as error:
            if known := self.explain(error):
                raise known from error
            raise

    def _destination(
        self, staging_layout: str, stage: str, connections: IdleConnections
    ) -> Destination[Any, Any]:
        kind = destination_of_one_load(dlt.destinations.snowflake, _OverwritingClient, connections)
        return kind(
            credentials={
                **{name: self._parameters.get(name) for name in _KNOWN_TO_DLT},
                "host": self._parameters["account"],
                "username": self._parameters["user"],
                "query": self._parameters,
            },
            replace_strategy="insert-from-staging",
            staging_dataset_name_layout=staging_layout,
            stage_name=stage,
            # The day of a time has to be UTC's for everyone, not that of the session that asks.
            use_timestamp_tz=True,
            # Not set by dlt 1.31: rows would be deleted in one transaction and inserted in another.
            supports_transactions=True,
        )

    def leftovers(self, client: SqlClientBase[Any], schema_name: str) -> Sequence[str]:
        """Return killed loads' staging schemas."""
        schemas = client.execute_sql(
            "select schema_name from information_schema.schemata where startswith(schema_name, %s)",
            f"{schema_name}__loading_".upper(),
        )
        return leftover_schemas([name for (name,) in schemas or []], schema_name)

    def explain(self, error: BaseException) -> LoadError | None:
        """Return what an error of Snowflake or of the way to it means, None for a defect."""
        for cause in causes_of(error):
            if isinstance(cause, snowflake.connector.Error):
                return self._explain(cause)
        return None

    def _explain(self, error: snowflake.connector.Error) -> LoadError:
        text = " ".join(str(error).split())
        number = error.errno
        if number > 2 * ER_HTTP_GENERAL_ERROR:  # which is added anew if the driver raises anew
            number -= ER_HTTP_GENERAL_ERROR
        for meaning in _MEANINGS:
            if meaning.fits(number, text):
                msg = f"Snowflake refused: {text}. {meaning.advice}"
                return meaning.error(msg)
        if isinstance(error, snowflake.connector.OperationalError) or number in _NO_ANSWER:
            msg = (
                f"The Snowflake account {self._account} cannot be reached: {text}. Check"
                f" {_variables('account')} and the network, and run the sync again"
            )
            return WarehouseUnavailableError(msg)
        return WarehouseRefusedError(f"Snowflake refused: {text}")


class _OverwritingClient(SnowflakeClient):
    def create_table_chain_completed_followup_jobs(
        self,
        table_chain: Sequence[PreparedTableSchema],
        completed_table_chain_jobs: Sequence[LoadJobInfo] | None = None,
    ) -> list[FollowupJobRequest]:
        """Replace rows in one statement.

        dlt's ways to replace leave the table empty, or gone with its grants, for a moment:
        TRUNCATE and DDL end a transaction.
        """
        if table_chain[0]["write_disposition"] == "replace":
            return [OverwriteJob.from_table_chain(table_chain, self.sql_client)]
        jobs: list[FollowupJobRequest] = super().create_table_chain_completed_followup_jobs(
            table_chain, completed_table_chain_jobs
        )
        return jobs


def _connection_parameters(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the driver is called with.

    Raises:
        TargetSettingsError: See :class:`SnowflakeWarehouse`.
    """
    given = [name for name in _LOGINS if settings.get(name)]
    if len(given) != 1:
        msg = (
            f"Set exactly one of {', '.join(_LOGINS)} to log in to Snowflake;"
            f" {' and '.join(given) or 'none'} is set"
        )
        raise TargetSettingsError(msg)
    account = settings["account"]
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)*", account) or "snowflakecomputing" in account:
        msg = (
            f"account: {account} is no account identifier. Give <organization>-<account>, without"
            " https:// and snowflakecomputing.com"
        )
        raise TargetSettingsError(msg)
    parameters = {
        "account": account,
        **{name: settings[name] for name in ("user", "role", "warehouse", "database")},
        "application": "AirflowAudit",
        "session_parameters": {
            "QUERY_TAG": "airflow_audit",
            # Times are sent as ISO 8601, whatever the account is set to.
            "TIMESTAMP_INPUT_FORMAT": "AUTO",
        },
        "login_timeout": _LOGIN_SECONDS,
        "network_timeout": _REQUEST_SECONDS,
        # The driver would ask the machine's cloud about itself at each login.
        "platform_detection_timeout_seconds": 0.0,
    }
    [login] = given
    if login == "password":
        return {**parameters, "password": settings["password"]}
    if login == "oauth_token":
        return {**parameters, "authenticator": "oauth", "token": settings["oauth_token"]}
    return {**parameters, "private_key": _private_key(login, settings)}


def _private_key(login: str, settings: Mapping[str, Any]) -> str:
    """Return the key without its passphrase, in a form that the driver and dlt take."""
    passphrase = settings.get("private_key_passphrase")
    pem = settings[login]
    if login == "private_key_path":
        try:
            pem = Path(pem).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"private_key_path: {pem} cannot be read: {error}"
            raise TargetSettingsError(msg) from error
    # Files of variables often hold a line break as two characters.
    pem = pem.replace("\\n", "\n")
    try:
        key = load_pem_private_key(pem.encode(), passphrase.encode() if passphrase else None)
    except (TypeError, ValueError) as error:
        msg = (
            f"{login} is no private key in PEM, or private_key_passphrase is not its passphrase:"
            f" {error}"
        )
        raise TargetSettingsError(msg) from error
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(der).decode()
