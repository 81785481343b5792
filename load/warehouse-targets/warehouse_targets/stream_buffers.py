"""The buffers of a sync, one for each stream, which the sinks fill and the target loads."""

from __future__ import annotations

from collections.abc import Iterator

from warehouse_targets.errors import InputError
from warehouse_targets.stream_buffer import StreamBuffer


class StreamBuffers:
    """Buffers by stream."""

    def __init__(self) -> None:
        self._buffers: dict[str, StreamBuffer] = {}

    def __iter__(self) -> Iterator[StreamBuffer]:
        """Yield all buffers, in the order of their streams' first messages."""
        return iter(self._buffers.values())

    def of(self, stream_name: str) -> StreamBuffer:
        """Return a stream's buffer, a new one with its first message.

        Raises:
            InputError: Another stream has a table of this name.
        """
        if stream_name not in self._buffers:
            buffer = StreamBuffer(stream_name)
            for other in self:
                if other.name.lower() == buffer.name.lower():
                    msg = (
                        f"The streams {other.stream_name} and {stream_name} are both for the table"
                        f" {buffer.name}. Select one of them in the tap"
                    )
                    raise InputError(msg)
            self._buffers[stream_name] = buffer
        return self._buffers[stream_name]
