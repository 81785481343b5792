"""Everything that the tap takes from singer-sdk's insides.

The SDK reads and sends stream by stream. This tap reads all tables in one transaction, which has to
be over before the first message, so it replaces methods that the SDK marks as final or private.
tests/extract/test_insides_of_singer_sdk.py says what is relied on, and fails if an upgrade changes
it.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from pathlib import Path
from typing import IO, Any, TypeVar

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._batch import BaseBatchFileEncoding, SDKBatchMessage
from singer_sdk.helpers.capabilities import BATCH_CONFIG

from tap_airflow_metadata.errors import TapSettingsError

TapT = TypeVar("TapT", bound=Tap)


class SingleReadTap(Tap):
    """A tap that reads all streams in one go."""

    @abstractmethod
    def log_in(self) -> None:
        """Connect to the source, and log what is there."""

    @abstractmethod
    def sync(self) -> None:
        """Read all streams, then send the messages of all."""

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add ``batch_config``; the SDK adds stream maps too, whatever the capabilities say."""
        for name, setting in BATCH_CONFIG["properties"].items():
            config_jsonschema["properties"].setdefault(name, setting)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Turn the SDK's error into one with an exit code of ours."""
        try:
            return super()._validate_config(raise_errors=raise_errors)
        except ConfigValidationError as error:
            msg = f"The settings are not valid: {'; '.join(error.errors)}"
            raise TapSettingsError(msg) from None

    def run_connection_test(self) -> bool:  # type: ignore[misc]  # final in the SDK
        """Answer ``--test``, for which the SDK would read a record of each stream."""
        self.log_in()
        return True

    def sync_all(self) -> None:  # type: ignore[misc]  # final in the SDK
        """Replace the SDK's loop over streams, which moves the state with each of them."""
        self.sync()


def batch_message(stream: str, files: list[Path]) -> SDKBatchMessage:
    """Return the message that names Parquet files, which tell their compression themselves."""
    urls = [file.as_uri() for file in files]
    return SDKBatchMessage(stream, BaseBatchFileEncoding(format="parquet"), urls)


def config_of(given: Any) -> dict[str, Any]:  # noqa: ANN401  # a private class of the SDK
    """Return the settings in the value of the option ``--config``; none without it."""
    return dict(given.config) if given else {}


def tap_from_options(tap: type[TapT], config: Any, state: IO[str] | None) -> TapT:  # noqa: ANN401
    """Make a tap from the values of ``--config`` and ``--state``, as the SDK does for a sync."""
    return tap(
        config=config_of(config),
        state=json.load(state) if state else None,
        parse_env_config=bool(config and config.parse_env),
    )
