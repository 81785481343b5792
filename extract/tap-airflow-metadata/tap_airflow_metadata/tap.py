"""The Singer tap: settings, discovery, and the messages of a sync."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from decimal import Decimal
from itertools import chain
from pathlib import Path
from tempfile import gettempdir
from typing import Any, ClassVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TapCapabilities,
)
from singer_sdk.singerlib import (
    ActivateVersionMessage,
    RecordMessage,
    SchemaMessage,
    StateMessage,
)

from tap_airflow_metadata.catalogue import Table, load_catalogue
from tap_airflow_metadata.errors import TapSettingsError
from tap_airflow_metadata.insides_of_singer_sdk import SingleReadTap, batch_message
from tap_airflow_metadata.raw_shape import EXTRACTED_AT, json_schema
from tap_airflow_metadata.read_transaction import ReadTransaction
from tap_airflow_metadata.settings import (
    Settings,
    included_columns,
    select_tables,
    settings_from_config,
)
from tap_airflow_metadata.spool import Spool
from tap_airflow_metadata.sync import Sync, TableQuery, TableRead

_DEFAULT_SET = ", ".join(t.name for t in load_catalogue().values() if t.read == "default")


class TableStream(Stream):
    """A catalogued table, as discovery shows it; :class:`AirflowMetadataTap` reads it."""

    def __init__(self, tap: Tap, table: Table, include: frozenset[str]) -> None:
        """Describe the stream.

        Args:
            tap: The tap.
            table: Catalogue entry.
            include: Withheld columns that the user asked for.
        """
        super().__init__(tap, schema=json_schema(table.raw_columns(include)), name=table.name)
        self.primary_keys = list(table.key[0])

    def get_records(self, context: object) -> Iterable[dict[str, Any]]:
        """Not used: all tables are read in one transaction, not stream by stream."""
        raise NotImplementedError


class AirflowMetadataTap(SingleReadTap):
    """Reads an Airflow metadata database, all tables in one transaction."""

    name = "tap-airflow-metadata"
    package_name = "airflow-audit-tap-airflow-metadata"
    dynamic_catalog = False
    # Stream maps and flattening are left out: they work on records, and rows never are records.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "database_url",
            th.StringType,
            secret=True,
            description="Required. Address of the metadata database: a libpq URL, or Airflow's own"
            " sql_alchemy_conn (postgresql+psycopg2://…).",
        ),
        th.Property(
            "environment_slug",
            th.StringType,
            description="Required. Short name of the Airflow environment; the warehouse schema is"
            " airflow_<slug>.",
        ),
        th.Property(
            "source_schema",
            th.StringType,
            default="public",
            description="Postgres schema with Airflow's tables.",
        ),
        th.Property(
            "tables",
            th.ArrayType(th.StringType),
            description="Tables to read in place of the default set; an empty list reads every"
            f" table of the catalogue that may be read at all. The default set: {_DEFAULT_SET}.",
        ),
        th.Property(
            "additional_tables",
            th.ArrayType(th.StringType),
            description="Tables to read besides the default set.",
        ),
        th.Property(
            "include_columns",
            th.ArrayType(th.StringType),
            description="Withheld columns to read all the same, as table.column, such as"
            " dag_run.conf. They may hold secrets. Naming a secret column is an error.",
        ),
        th.Property(
            "mode",
            th.StringType,
            default="merge",
            allowed_values=["merge", "mirror", "append"],
            description="merge: one row per key, rows gone from the source are marked. mirror:"
            " exactly what the source holds. append: every version of a row.",
        ),
        th.Property(
            "pii",
            th.StringType,
            default="usernames",
            allowed_values=["usernames", "hashed", "full"],
            description="Personal data. usernames: user names in clear, no e-mail addresses, first"
            " and last names. hashed: all of it as salted hashes. full: all in clear.",
        ),
        th.Property(
            "pii_salt",
            th.StringType,
            secret=True,
            description="Salt of the hashes; needed with pii: hashed, and to be kept.",
        ),
        th.Property(
            "lookback_seconds",
            th.IntegerType,
            default=3600,
            description="How far before the last sync changes are read again, because a row is"
            " stamped before its transaction commits and clocks differ.",
        ),
        th.Property(
            "statement_timeout_seconds",
            th.IntegerType,
            default=1800,
            description="Longest time for one query; 0 for no limit.",
        ),
        th.Property(
            "lock_timeout_seconds",
            th.IntegerType,
            default=30,
            description="Longest wait for a lock, such as a migration's; 0 for no limit.",
        ),
        th.Property(
            "skip_unreadable_tables",
            th.BooleanType,
            default=False,
            description="Leave out tables that the login may not read, in place of an error.",
        ),
        th.Property(
            "connections",
            th.IntegerType,
            default=1,
            description="How many connections may read side by side, 1 to 16, all in one moment.",
        ),
        th.Property(
            "count_rows",
            th.StringType,
            default="always",
            allowed_values=["always", "full_reads"],
            description="Which tables are counted at the source: all in every sync, or only those"
            " that it reads whole.",
        ),
    ).to_dict()

    def settings(self) -> Settings:
        """Return the checked settings.

        Raises:
            TapSettingsError: One is missing or wrong.
        """
        return settings_from_config(self.config, load_catalogue())

    def discover_streams(self) -> list[TableStream]:
        """Return a stream per chosen table; the catalogue knows them without a connection.

        Raises:
            TapSettingsError: ``tables`` or ``additional_tables`` name a table that is not read.
        """
        included = included_columns(load_catalogue(), self.config.get("include_columns") or [])
        tables = select_tables(
            load_catalogue(), self.config.get("tables"), self.config.get("additional_tables")
        )
        return [TableStream(self, table, included.get(table.name, frozenset())) for table in tables]

    def log_in(self) -> None:
        """Connect to the database, and log its versions."""
        with ReadTransaction(self.settings()) as transaction:
            identity = transaction.identity(transaction.columns())
        self.logger.info(
            "Connected: Airflow %s, PostgreSQL %s",
            identity.airflow_version or f"of unknown revision {identity.revision}",
            identity.postgres_version,
        )

    def sync(self) -> None:
        """Read every table in one transaction, then send the messages of all.

        The transaction ends before the first message, because a slow loader would keep it open; the
        state moves once, when everything is loaded.
        """
        settings = self._selected(self.settings())
        sync_id = str(uuid.uuid4())
        with Spool(self._spool_root(), sync_id) as spool:
            reads = Sync(settings, self.state.get("bookmarks", {}), sync_id).read(spool)
            for read in reads:
                self._send(read)
            bookmarks = dict(self.state.get("bookmarks", {}))
            bookmarks |= {read.name: read.bookmark for read in reads if read.bookmark}
            self.write_message(StateMessage({"bookmarks": bookmarks}))
            if not self._sends_files:
                spool.remove()

    def queries(self) -> list[TableQuery]:
        """Return how each table would be read now; see :meth:`Sync.queries`."""
        settings = self._selected(self.settings())
        return Sync(settings, self.state.get("bookmarks", {}), sync_id="").queries()

    def _selected(self, settings: Settings) -> Settings:
        """Return the settings without the tables that a Singer catalog deselects.

        Raises:
            TapSettingsError: It deselects a single column, which the raw shape does not allow.
        """
        for stream in self.streams.values():
            deselected = [
                crumb[-1] for crumb, chosen in stream.mask.items() if len(crumb) > 1 and not chosen
            ]
            if stream.selected and deselected:
                msg = (
                    f"The select rules leave out {stream.name}.{deselected[0]}, but a raw table"
                    " always has all its columns. Leave out whole tables only"
                )
                raise TapSettingsError(msg)
        selected = {stream.name for stream in self.streams.values() if stream.selected}
        return settings.with_tables(
            tuple(table for table in settings.tables if table.name in selected)
        )

    @property
    def _sends_files(self) -> bool:
        return bool(self.config.get("batch_config"))

    def _spool_root(self) -> Path:
        """Return the folder of ``batch_config``, or the system's for temporary files.

        Raises:
            TapSettingsError: ``batch_config`` asks for another format or place.
        """
        if not self._sends_files:
            return Path(gettempdir()) / self.name
        config = self.config["batch_config"]
        if config["encoding"].get("format") != "parquet":
            msg = (
                "batch_config.encoding.format has to be parquet; leave out batch_config for records"
            )
            raise TapSettingsError(msg)
        root = urlsplit(config["storage"]["root"])
        if root.scheme not in {"", "file"}:
            msg = f"batch_config.storage.root has to be a local folder, not {root.scheme}://"
            raise TapSettingsError(msg)
        return Path(url2pathname(root.path)).resolve()

    def _send(self, read: TableRead) -> None:
        self.write_message(SchemaMessage(read.name, read.schema, list(read.key)))
        if read.files and self._sends_files:
            self.write_message(batch_message(read.name, [file.path for file in read.files]))
        elif read.files:
            self._send_records(read)
        if read.version is not None:
            self.write_message(ActivateVersionMessage(read.name, read.version))

    def _send_records(self, read: TableRead) -> None:
        is_json = {
            name for name, shape in read.schema["properties"].items() if "object" in shape["type"]
        }
        for record in chain.from_iterable(file.records() for file in read.files):
            for name in is_json:
                text = record[name]
                # A float would lose digits; the SDK writes a Decimal as it is.
                record[name] = (
                    json.loads(text, parse_float=Decimal) if isinstance(text, str) else None
                )
            self.write_message(
                RecordMessage(
                    read.name,
                    record,
                    version=read.version,
                    time_extracted=record[EXTRACTED_AT],
                )
            )
