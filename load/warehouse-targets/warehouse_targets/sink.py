"""The sink: hands a stream's messages to its buffer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, ClassVar

from singer_sdk import Target
from typing_extensions import Self

from warehouse_targets.columns import DELETED_AT, EXTRACTED_AT
from warehouse_targets.errors import InputError
from warehouse_targets.insides_of_singer_sdk import SinkWithOwnMetadata
from warehouse_targets.stream_buffers import StreamBuffers

_TIMESTAMP = {"type": ["string", "null"], "format": "date-time"}


class BufferSink(SinkWithOwnMetadata):
    """One stream; a changed SCHEMA message makes a second sink of the same buffer."""

    metadata_columns: ClassVar = {EXTRACTED_AT: _TIMESTAMP, DELETED_AT: _TIMESTAMP}
    _buffers: ClassVar[StreamBuffers]

    @classmethod
    def into(cls, buffers: StreamBuffers) -> type[Self]:
        """Return the class of the sinks that fill these buffers: the SDK calls classes only."""
        return type(cls.__name__, (cls,), {"_buffers": buffers})

    def __init__(
        self,
        target: Target,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        """Begin a stream.

        Args:
            target: The SDK's target.
            stream_name: Singer's name.
            schema: JSON schema of a record.
            key_properties: Key columns.
        """
        super().__init__(target, stream_name, schema, key_properties)
        self._buffer = self._buffers.of(stream_name)
        self._buffer.describe(self.schema, self.key_properties)

    def add_metadata(self, record: dict[str, Any], time_extracted: str | None) -> None:
        """Note when a record was read, if it does not say so itself."""
        if not record.get(EXTRACTED_AT):
            record[EXTRACTED_AT] = time_extracted or datetime.now(timezone.utc).isoformat()

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:  # noqa: ARG002
        """Hold a record until ``batch_size_rows`` of them go to disk."""
        self._buffer.add_record(record)

    def process_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002
        """Write the held records to disk."""
        self._buffer.flush()

    def process_batch_files(self, encoding: Any, files: Sequence[str]) -> None:  # noqa: ANN401  # the SDK's class of it is not public
        """Note a BATCH message's files; they are loaded with everything else.

        Raises:
            InputError: They are not Parquet, or one of them cannot be loaded.
        """
        if encoding.format != "parquet":
            msg = (
                f"{self._buffer.name}: a BATCH message in {encoding.format}; only Parquet can be"
                " loaded (batch_config.encoding.format of the tap)"
            )
            raise InputError(msg)
        for url in files:
            self.record_counter_metric.increment(self._buffer.add_batch_file(url))

    def activate_version(self, new_version: int) -> None:
        """Note that the table was sent whole.

        Args:
            new_version: The moment, in milliseconds since 1970.
        """
        self._buffer.whole_at = datetime.fromtimestamp(new_version / 1000, timezone.utc)
