"""What this package overrides or reads of singer-sdk that is not public.

``tests/load/test_insides_of_singer_sdk.py`` holds all of it to the installed release.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from singer_sdk import Sink, Target


class TargetWithoutDeadline(Target):
    """Passes on STATE at the end only, where the SDK would after some minutes, nothing loaded."""

    _MAX_RECORD_AGE_IN_MINUTES = math.inf

    @property
    def has_state(self) -> bool:
        """Whether a STATE message came."""
        return self._latest_state is not None


class SinkWithOwnMetadata(Sink):
    """Adds metadata of its own, where the SDK would add seven columns and overwrite what was sent.

    Attributes:
        metadata_columns: JSON schemas of the columns added, by name.
    """

    # Without it the SDK would take out what was sent.
    include_sdc_metadata_properties = True
    metadata_columns: ClassVar[Mapping[str, Mapping[str, Any]]]

    @abstractmethod
    def add_metadata(self, record: dict[str, Any], time_extracted: str | None) -> None:
        """Add the columns' values to a record.

        Args:
            record: Of a RECORD message.
            time_extracted: The message's, ISO 8601.
        """

    def _add_sdc_metadata_to_schema(self) -> None:
        for name, shape in self.metadata_columns.items():
            self.schema["properties"].setdefault(name, shape)

    def _add_sdc_metadata_to_record(
        self,
        record: dict[str, Any],
        message: dict[str, Any],
        context: dict[str, Any],  # noqa: ARG002
    ) -> None:
        self.add_metadata(record, message.get("time_extracted"))
