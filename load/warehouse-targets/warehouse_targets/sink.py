"""The sink: hands a stream's messages to its incoming table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from singer_sdk import Sink
from singer_sdk.helpers._batch import BaseBatchFileEncoding

from warehouse_targets.columns import DELETED_AT, EXTRACTED_AT
from warehouse_targets.errors import InputError

if TYPE_CHECKING:
    from warehouse_targets.target import WarehouseTarget

_TIMESTAMP = {"type": ["string", "null"], "format": "date-time"}


class TableSink(Sink):
    """One stream; a changed SCHEMA message makes a second sink of the same incoming table."""

    # The two columns of ours; what the SDK would add besides is left out below.
    include_sdc_metadata_properties = True

    def __init__(
        self,
        target: WarehouseTarget,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        """Begin a stream.

        Args:
            target: The target, which gathers the tables.
            stream_name: Singer's name.
            schema: JSON schema of a record.
            key_properties: Key columns.
        """
        super().__init__(target, stream_name, schema, key_properties)
        self._table = target.incoming_table(stream_name)
        self._table.describe(self.schema, self.key_properties)

    def _add_sdc_metadata_to_schema(self) -> None:
        for name in (EXTRACTED_AT, DELETED_AT):
            self.schema["properties"].setdefault(name, _TIMESTAMP)

    def _add_sdc_metadata_to_record(
        self,
        record: dict[str, Any],
        message: dict[str, Any],
        context: dict[str, Any],  # noqa: ARG002
    ) -> None:
        if not record.get(EXTRACTED_AT):
            now = datetime.now(timezone.utc).isoformat()
            record[EXTRACTED_AT] = message.get("time_extracted") or now

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:  # noqa: ARG002
        """Hold a record until ``batch_size_rows`` of them go to disk."""
        self._table.add_record(record)

    def process_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002
        """Write the held records to disk."""
        self._table.flush()

    def process_batch_files(self, encoding: BaseBatchFileEncoding, files: Sequence[str]) -> None:
        """Note a BATCH message's files; they are loaded with everything else.

        Raises:
            InputError: They are not Parquet, or one of them cannot be loaded.
        """
        if encoding.format != "parquet":
            msg = (
                f"{self._table.name}: a BATCH message in {encoding.format}; only Parquet can be"
                " loaded (batch_config.encoding.format of the tap)"
            )
            raise InputError(msg)
        for url in files:
            self.record_counter_metric.increment(self._table.add_batch_file(url))

    def activate_version(self, new_version: int) -> None:
        """Note that the table was sent whole.

        Args:
            new_version: The moment, in milliseconds since 1970.
        """
        self._table.whole_at = datetime.fromtimestamp(new_version / 1000, timezone.utc)
