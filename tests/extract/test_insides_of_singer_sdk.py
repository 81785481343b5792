"""singer-sdk still has what tap_airflow_metadata/insides_of_singer_sdk.py takes from its insides.

Where one of these fails after an upgrade, look at that module first.
"""

from __future__ import annotations

import inspect
import json

import pytest
from singer_sdk import Stream, Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._batch import SDKBatchMessage
from singer_sdk.plugin_base import _ConfigInput

from tap_airflow_metadata.errors import TapSettingsError
from tap_airflow_metadata.insides_of_singer_sdk import batch_message, config_of, tap_from_options
from tap_airflow_metadata.tap import AirflowMetadataTap

CONFIG = {"database_url": "postgresql://db/airflow", "environment_slug": "test"}


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (Tap.sync_all, ["self"]),
        (Tap.run_connection_test, ["self"]),
        (Tap._validate_config, ["self", "raise_errors"]),
        (Tap.append_builtin_config, ["config_jsonschema"]),
        (Tap.invoke, ["about", "about_format", "config", "state", "catalog"]),
        (SDKBatchMessage, ["stream", "encoding", "manifest", "version"]),
        (_ConfigInput, ["config", "parse_env"]),
    ],
    ids=lambda given: getattr(given, "__qualname__", ""),
)
def test_what_is_replaced_or_called_has_these_parameters(function, parameters):
    assert list(inspect.signature(function).parameters) == parameters


@pytest.fixture
def calls(monkeypatch):
    """The names of the methods of ours that the SDK called."""
    names = []
    monkeypatch.setattr(AirflowMetadataTap, "sync", lambda _: names.append("sync"))
    monkeypatch.setattr(AirflowMetadataTap, "log_in", lambda _: names.append("log_in"))
    return names


def test_the_command_syncs_by_the_method_that_is_replaced(calls, capsys):
    AirflowMetadataTap.invoke(config=_ConfigInput(CONFIG))
    assert calls == ["sync"]
    assert capsys.readouterr().out == ""  # the SDK's own loop writes schemas and the state


def test_the_option_test_calls_the_method_that_is_replaced(calls, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    arguments = ["--config", str(tmp_path / "config.json"), "--test"]
    AirflowMetadataTap.get_singer_command().main(arguments, standalone_mode=False)
    assert calls == ["log_in"]


def test_the_sdk_checks_settings_by_the_method_that_is_replaced():
    with pytest.raises(TapSettingsError, match=r"not valid: .*'copy' is not one of"):
        AirflowMetadataTap(config=CONFIG | {"mode": "copy"})
    assert list(inspect.signature(ConfigValidationError).parameters)[1:] == ["errors", "schema"]


def test_of_the_settings_that_the_sdk_adds_only_those_of_batches_are_offered():
    schema = {"properties": {}}
    Tap.append_builtin_config(schema)
    assert {"batch_config", "stream_maps"} <= schema["properties"].keys()
    schema = {"properties": {}}
    AirflowMetadataTap.append_builtin_config(schema)
    assert schema["properties"].keys() == {"batch_config"}


def test_a_batch_message_names_the_files_and_their_format(tmp_path):
    files = [tmp_path / "dag.parquet", tmp_path / "dag.1.parquet"]
    assert batch_message("dag", files).to_dict() == {
        "type": "BATCH",
        "stream": "dag",
        "encoding": {"format": "parquet"},
        "manifest": [file.as_uri() for file in files],
    }


def test_the_options_become_settings_and_state(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "state.json").write_text('{"bookmarks": {"dag": {"selection": "1"}}}')
    monkeypatch.setenv("TAP_AIRFLOW_METADATA_PII", "full")
    config = _ConfigInput.from_cli_args(str(tmp_path / "config.json"), "ENV")
    with (tmp_path / "state.json").open() as state:
        tap = tap_from_options(AirflowMetadataTap, config, state)
    assert tap.config["environment_slug"] == "test"
    assert tap.config["pii"] == "full"
    assert tap.state == {"bookmarks": {"dag": {"selection": "1"}}}
    assert config_of(None) == {}


def test_a_selection_says_of_streams_and_of_columns_whether_they_are_chosen():
    tap = AirflowMetadataTap(config=CONFIG)
    stream: Stream = tap.streams["dag_run"]
    assert stream.selected
    assert stream.mask["properties", "run_id"]
    stream.metadata["properties", "run_id"].selected = False
    stream._mask = None
    assert not stream.mask["properties", "run_id"]
