"""The Singer target: gathers what a tap sends, loads it at the end, then passes on STATE."""

from __future__ import annotations

import logging
import os
import signal
import sys
from abc import abstractmethod
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from singer_sdk import Sink
from singer_sdk.exceptions import ConfigValidationError, InvalidInputLine, SingerSDKError
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TargetCapabilities,
)

from warehouse_targets.errors import (
    EXIT_FINAL,
    IncompleteInputError,
    LoadError,
    TargetSettingsError,
)
from warehouse_targets.insides_of_singer_sdk import TargetWithoutDeadline

if TYPE_CHECKING:
    from warehouse_targets.warehouse import TargetWarehouse


class WarehouseTarget(TargetWithoutDeadline):
    """Gathers what a tap sends and loads it at the end of the input.

    Attributes:
        schema_name: Schema of the tables.
    """

    # No stream maps, no flattening: BATCH files go to the warehouse as they are.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
        PluginCapabilities.ACTIVATE_VERSION,
        TargetCapabilities.VALIDATE_RECORDS,
    ]
    package_name = "airflow-audit-warehouse-targets"

    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        """Check the settings.

        Args:
            options: The SDK's.

        Raises:
            TargetSettingsError: One is missing or wrong.
        """
        from warehouse_targets.stream_buffers import StreamBuffers  # noqa: PLC0415  # pyarrow comes with it

        try:
            super().__init__(**options)
        except ConfigValidationError as error:
            msg = f"The settings are not valid: {'; '.join(error.errors)}"
            raise TargetSettingsError(msg) from None
        with suppress(ValueError):  # only the main thread may
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._stop)
        self.max_parallelism = 1
        self._buffers = StreamBuffers()
        self.schema_name: str = self.config["default_target_schema"]
        if self.schema_name.endswith("_"):
            msg = (
                f"default_target_schema is {self.schema_name}, a name that lacks its end. Set the"
                " environment variable that it is made of, ENVIRONMENT_SLUG"
            )
            raise TargetSettingsError(msg)
        self._warehouse = self.make_warehouse()

    @abstractmethod
    def make_warehouse(self) -> TargetWarehouse:
        """Return the warehouse of the settings.

        It imports dlt and the warehouse's library, which take seconds that ``--version`` does not
        need.

        Raises:
            TargetSettingsError: A setting is wrong.
        """

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add nothing: the SDK's settings that mean something here are in ``settings/*.yml``."""

    def get_sink_class(self, stream_name: str) -> type[Sink]:  # noqa: ARG002
        """Return the sink of every stream."""
        from warehouse_targets.sink import BufferSink  # noqa: PLC0415  # as above

        return BufferSink.into(self._buffers)

    def process_endofpipe(self) -> None:
        """Load everything, pass on STATE, and remove the files of BATCH messages.

        Raises:
            LoadError: See :func:`warehouse_targets.loader.load`. Batch files stay then.
        """
        buffers = list(self._buffers)
        if not self.has_state and any(buffer.is_of_audit_tap for buffer in buffers):
            msg = (
                "The tap ended without a STATE message, so its sync is not complete. Nothing was"
                " loaded. See the tap's own error, and run the sync again"
            )
            raise IncompleteInputError(msg)
        for buffer in buffers:
            buffer.flush()
        if buffers:
            from warehouse_targets.loader import load  # noqa: PLC0415  # dlt comes with it

            load(self._warehouse, self.schema_name, buffers)
        super().process_endofpipe()
        for file in [file for buffer in buffers for file in buffer.batch_files]:
            file.path.unlink(missing_ok=True)
            with suppress(OSError):  # not empty, or not ours to remove
                file.path.parent.rmdir()

    def _stop(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
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
