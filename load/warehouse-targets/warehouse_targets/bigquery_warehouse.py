"""A BigQuery project as a warehouse: its settings, staged files, and what its errors mean."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import dlt
import fsspec
import google.auth
import requests
from fsspec import AbstractFileSystem
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.credentials import Credentials
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from google.oauth2 import service_account

from warehouse_targets.bigquery_destination import (
    ImpatientSqlClient,
    bigquery_destination,
    laid_out,
    login,
)
from warehouse_targets.columns import ColumnType
from warehouse_targets.errors import (
    LoadError,
    TargetSettingsError,
    WarehouseRefusedError,
    WarehouseUnavailableError,
    causes_of,
)
from warehouse_targets.insides_of_dlt import failed_table
from warehouse_targets.staging_schemas import leftover_schemas, new_staging_layout
from warehouse_targets.warehouse import OpenWarehouse

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
# https://cloud.google.com/bigquery/docs/error-messages: what may pass by itself.
_PASSING = {
    "backendError",
    "blocked",
    "internalError",
    "jobBackendError",
    "jobInternalError",
    "jobRateLimitExceeded",
    "quotaExceeded",
    "rateLimitExceeded",
    "tableUnavailable",
    "timeout",
}
# Read when gcsfs is first imported: what it tries out asks each bucket by gRPC what kind it is, and
# waits for minutes where no gRPC gets through.
os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
_UNREACHABLE = (RetryError, TransportError, requests.ConnectionError, requests.Timeout)


class BigQueryWarehouse:
    """Loads datasets of one project, each of which is a schema."""

    # Each table takes some jobs of a second or more, however small it is. Google's client has
    # already retried for a minute.
    most_workers = 8
    load_settings: Mapping[str, object] = {"raise_on_max_retries": 1}
    naming = "warehouse_targets.naming_conventions.WordNames"
    # BigQuery loads the type JSON from text files only.
    stored_as: Mapping[ColumnType, ColumnType] = {"json": "text"}
    merge_strategy = "upsert"

    def __init__(self, settings: Mapping[str, Any], schema_name: str) -> None:
        """Check the settings; nothing is asked of Google yet.

        Args:
            settings: Those of :class:`warehouse_targets.target_bigquery.BigQueryTarget`.
            schema_name: Dataset to load.

        Raises:
            TargetSettingsError: One of them is wrong.
        """
        if not re.fullmatch(r"\w+", schema_name, re.ASCII):
            name = re.sub(r"\W", "_", schema_name, flags=re.ASCII)
            msg = (
                f"default_target_schema is {schema_name}, but the name of a dataset has letters,"
                f" digits and underscores only. Set TARGET_BIGQUERY_DEFAULT_TARGET_SCHEMA={name}"
            )
            raise TargetSettingsError(msg)
        self._schema_name = schema_name
        self._project: str = settings["project"]
        self._location: str = settings["location"]
        self._credentials = _credentials(settings)
        self._staging_url = _staging_url(settings.get("gcs_staging_url"))

    @contextmanager
    def open(self) -> Iterator[OpenWarehouse]:
        """Make a folder for files, and choose a place for them in the bucket."""
        layout = new_staging_layout()
        destination = bigquery_destination(self._credentials, self._project, self._location, layout)
        with tempfile.TemporaryDirectory(prefix="target-bigquery-") as folder:
            if not self._staging_url:
                yield OpenWarehouse(destination, Path(folder), lay_out=laid_out)
                return
            bucket = self._bucket(self._staging_url)
            place = f"{self._staging_url}/{layout % self._schema_name}"
            try:
                yield OpenWarehouse(
                    destination,
                    Path(folder),
                    dlt.destinations.filesystem(
                        place, credentials=login(self._credentials, self._project)
                    ),
                    lay_out=laid_out,
                )
            finally:
                self._remove_staged(bucket, place)

    def _bucket(self, url: str) -> AbstractFileSystem:
        """Return the bucket; it has to be there, or dlt would make one somewhere.

        Raises:
            WarehouseRefusedError: It is not, or may not be used.
            WarehouseUnavailableError: Google cannot be reached.
        """
        name = url.removeprefix("gs://").partition("/")[0]
        bucket = fsspec.filesystem("gs", project=self._project, token=self._credentials)
        try:
            bucket.call("GET", "b/{}/o", name, maxResults=1, json_out=True)
        except FileNotFoundError as error:
            msg = (
                f"gcs_staging_url is {url}, but there is no bucket {name}. Make it, in the location"
                f" {self._location}"
            )
            raise WarehouseRefusedError(msg) from error
        except Exception as error:
            if known := self.explain(error):
                raise known from error
            msg = (
                f"gcs_staging_url: the bucket {name} may not be used: {_message_of(error)}. Grant"
                f" {self._login_name()} the role storage.objectAdmin on it"
            )
            raise WarehouseRefusedError(msg) from error
        return bucket

    def _remove_staged(self, bucket: AbstractFileSystem, place: str) -> None:
        """Remove this load's files, and what killed ones left.

        Not a reason to fail: by then the rows are there, or another error says more, and the next
        load removes what is left.
        """
        parent, _, own = place.rpartition("/")
        with suppress(Exception):
            found = [path.rpartition("/")[2] for path in bucket.ls(parent)]
            for name in [own, *leftover_schemas(found, self._schema_name)]:
                bucket.rm(f"{parent}/{name}", recursive=True)

    def leftovers(self, client: SqlClientBase[Any], schema_name: str) -> Sequence[str]:
        """Return the staging datasets that killed loads left."""
        return leftover_schemas(cast("ImpatientSqlClient", client).dataset_names(), schema_name)

    def explain(self, error: BaseException) -> LoadError | None:
        """Return what an error of Google means, None for a defect."""
        causes = list(causes_of(error))
        where = f"{self._project}.{self._schema_name}"
        if table := failed_table(error):
            where += f", table {table}"
        for cause in causes:
            if isinstance(cause, RefreshError):
                return self._explain_login(cause)
            if isinstance(cause, _UNREACHABLE):
                return WarehouseUnavailableError(
                    f"{where}: BigQuery cannot be reached: {_message_of(causes[-1])}."
                    " Try again later"
                )
            if isinstance(cause, GoogleAPICallError):
                return self._explain_answer(cause, where)
        return None

    def _explain_login(self, error: RefreshError) -> LoadError:
        if error.retryable:
            return WarehouseUnavailableError(
                f"Google's login cannot be reached: {_message_of(error)}. Try again later"
            )
        return WarehouseRefusedError(
            f"Google refuses the login of {self._login_name()}: {_message_of(error)}. Check"
            " TARGET_BIGQUERY_CREDENTIALS or TARGET_BIGQUERY_CREDENTIALS_PATH: the key may have"
            " been deleted, or the account"
        )

    def _explain_answer(self, error: GoogleAPICallError, where: str) -> LoadError:
        reason = _reason(error)
        message = f"{where}: {_message_of(error)}"
        if reason in _PASSING or "concurrent update" in message:
            return WarehouseUnavailableError(f"{message}. Run the sync again later")
        if reason in {"accessDenied", "authError"}:
            return WarehouseRefusedError(
                f"{message}. Grant {self._login_name()} in the project {self._project} what"
                " docs/warehouses/bigquery-setup.sh grants, or check TARGET_BIGQUERY_PROJECT"
            )
        return WarehouseRefusedError(message)

    def _login_name(self) -> str:
        return getattr(self._credentials, "service_account_email", "the default credentials")


def _credentials(settings: Mapping[str, Any]) -> Credentials:
    text, path = settings.get("credentials"), settings.get("credentials_path")
    if text and path:
        msg = "credentials and credentials_path are both set; set one of them, or neither"
        raise TargetSettingsError(msg)
    if not text and not path:
        try:
            found, _ = google.auth.default(scopes=_SCOPES)
        except DefaultCredentialsError as error:
            msg = (
                "There are no Application Default Credentials. Set TARGET_BIGQUERY_CREDENTIALS or"
                " TARGET_BIGQUERY_CREDENTIALS_PATH to the key of a service account, or"
                f" GOOGLE_APPLICATION_CREDENTIALS ({_message_of(error)})"
            )
            raise TargetSettingsError(msg) from error
        return found
    setting = "credentials"
    if path:
        setting = f"credentials_path, {path},"
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"credentials_path: {path} cannot be read: {_message_of(error)}"
            raise TargetSettingsError(msg) from error
    try:
        key: Credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            json.loads(cast("str", text)), scopes=_SCOPES
        )
    # Without its text, which holds the secret.
    except (ValueError, TypeError, AttributeError):
        msg = (
            f"{setting} is not the key of a service account: the JSON file that Google Cloud makes,"
            " with client_email, private_key and token_uri. Another login goes into"
            " GOOGLE_APPLICATION_CREDENTIALS"
        )
        raise TargetSettingsError(msg) from None
    return key


def _staging_url(url: str | None) -> str | None:
    if not url:
        return None
    if not re.fullmatch(r"gs://[^/]+(/.*)?", url):
        msg = f"gcs_staging_url is {url}; it has to be like gs://bucket/prefix"
        raise TargetSettingsError(msg)
    return url.rstrip("/")


def _reason(error: GoogleAPICallError) -> str:
    return str(error.errors[0].get("reason", "")) if error.errors else ""


def _message_of(error: BaseException) -> str:
    """Return what an error says in a line, of Google's answers without the request."""
    if isinstance(error, GoogleAPICallError) and error.errors:
        message = str(error.errors[0].get("message", ""))
    else:
        # RefreshError's text is that of all its arguments.
        message = str(error.args[0] if isinstance(error, RefreshError) else error)
    return message.partition("\n")[0].rstrip(".")
