"""The Singer target: gathers what a tap sends, loads it at the end, then passes on STATE."""

from __future__ import annotations

import logging
import math
import os
import sys
from abc import abstractmethod
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from singer_sdk import Sink, Target
from singer_sdk.exceptions import ConfigValidationError, InvalidInputLine, SingerSDKError
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TargetCapabilities,
)

from warehouse_targets.errors import (
    EXIT_FINAL,
    IncompleteInputError,
    InputError,
    LoadError,
    SettingsError,
)

if TYPE_CHECKING:
    from warehouse_targets.incoming import IncomingTable
    from warehouse_targets.warehouse import Warehouse


class WarehouseTarget(Target):
    """Gathers what a tap sends and loads it at the end of the input.

    Attributes:
        schema_name: Schema of the tables.
    """

    # Of stream maps and flattening nothing is offered: BATCH files go to the warehouse as they are.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
        PluginCapabilities.ACTIVATE_VERSION,
        TargetCapabilities.VALIDATE_RECORDS,
    ]
    package_name = "airflow-audit-warehouse-targets"

    # The SDK would pass on STATE after some minutes, when nothing is loaded yet.
    _MAX_RECORD_AGE_IN_MINUTES = math.inf

    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        """Check the settings.

        Args:
            options: The SDK's.

        Raises:
            SettingsError: One is missing or wrong.
        """
        super().__init__(**options)
        self.max_parallelism = 1
        self._tables: dict[str, IncomingTable] = {}
        self.schema_name: str = self.config["default_target_schema"]
        if self.schema_name.endswith("_"):
            msg = (
                f"default_target_schema is {self.schema_name}, a name that lacks its end. Set the"
                " environment variable that it is made of, ENVIRONMENT_SLUG"
            )
            raise SettingsError(msg)
        self._warehouse = self.make_warehouse()

    @abstractmethod
    def make_warehouse(self) -> Warehouse:
        """Return the warehouse of the settings.

        Imports of dlt and of the warehouse's library belong in here: they take seconds, and
        ``--version`` does not need them.

        Raises:
            SettingsError: A setting is wrong.
        """

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add nothing: the SDK's settings that mean something here are in ``settings/*.yml``."""

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Turn the SDK's error into one with our exit code."""
        try:
            return super()._validate_config(raise_errors=raise_errors)
        except ConfigValidationError as error:
            msg = f"The settings are not valid: {'; '.join(error.errors)}"
            raise SettingsError(msg) from None

    def get_sink_class(self, stream_name: str) -> type[Sink]:  # noqa: ARG002
        """Return the sink of every stream."""
        from warehouse_targets.sink import TableSink  # noqa: PLC0415  # pyarrow comes with it

        return TableSink

    def incoming_table(self, stream_name: str) -> IncomingTable:
        """Return the table that a stream's rows go to, a new one with its first message.

        Raises:
            InputError: Another stream has a table of this name.
        """
        from warehouse_targets.incoming import IncomingTable  # noqa: PLC0415  # as above

        if stream_name not in self._tables:
            table = IncomingTable(stream_name)
            for other in self._tables.values():
                if other.name.lower() == table.name.lower():
                    msg = (
                        f"The streams {other.stream_name} and {stream_name} are both for the table"
                        f" {table.name}. Select one of them in the tap"
                    )
                    raise InputError(msg)
            self._tables[stream_name] = table
        return self._tables[stream_name]

    def process_endofpipe(self) -> None:
        """Load everything, pass on STATE, and remove the files of BATCH messages.

        Raises:
            LoadError: See :func:`warehouse_targets.warehouse.load`. Batch files stay then.
        """
        tables = list(self._tables.values())
        if self._latest_state is None and any(table.is_of_audit_tap for table in tables):
            msg = (
                "The tap ended without a STATE message, so its sync is not complete. Nothing was"
                " loaded. See the tap's own error, and run the sync again"
            )
            raise IncompleteInputError(msg)
        for table in tables:
            table.flush()
        if tables:
            from warehouse_targets.warehouse import load  # noqa: PLC0415  # dlt comes with it

            load(self._warehouse, self.schema_name, tables)
        super().process_endofpipe()
        for file in [file for table in tables for file in table.batch_files]:
            file.path.unlink(missing_ok=True)
            with suppress(OSError):  # not empty yet, or not ours
                file.path.parent.rmdir()

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Stop at once, as if killed; the next load copes with what is left.

        The SDK's own handler would pass on STATE for rows that are not loaded.
        """
        self.logger.error("Stopped by signal %d. STATE is as before; run the sync again", signum)
        logging.shutdown()
        os._exit(128 + signum)


def run_command(target: type[WarehouseTarget]) -> NoReturn:
    """Run a target's command; an expected error is one log line and an exit code.

    Args:
        target: Its class.
    """
    try:
        target.cli.main(standalone_mode=True)
    except LoadError as error:
        target.logger.error("%s", error)  # noqa: TRY400
        sys.exit(error.exit_code)
    except (SingerSDKError, InvalidInputLine) as error:
        target.logger.error("%s", error)  # noqa: TRY400
        sys.exit(EXIT_FINAL)
    sys.exit(0)
