"""The SDK's own tests of a target, and what is in the tables after them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from singer_sdk.testing import get_target_test_class
from singer_sdk.testing.suites import SingerTestSuite, target_tests
from singer_sdk.testing.target_tests import TargetSpecialCharsInAttributes

from tests.load.loaded_duckdb import LoadedDuckDB
from warehouse_targets.target_duckdb import DuckDBTarget

_FOLDER = TemporaryDirectory()  # the class is made, with its config, before any fixture
_WAREHOUSE = LoadedDuckDB(Path(_FOLDER.name))

_StandardTests = get_target_test_class(
    DuckDBTarget,
    config=_WAREHOUSE.config,
    include_target_tests=False,
    custom_suites=[
        SingerTestSuite(
            kind="target",
            # It has a JSON column d, which is refused; test_modes.py has special characters.
            tests=[
                test for test in target_tests.tests if test is not TargetSpecialCharsInAttributes
            ],
        )
    ],
)


@pytest.fixture(scope="module", autouse=True)
def _remove_folder() -> Iterator[None]:
    yield
    _FOLDER.cleanup()


class TestStandard(_StandardTests):  # type: ignore[misc,valid-type]
    """Each of the SDK's example inputs is loaded, or refused as it should be."""


def test_what_the_examples_left() -> None:
    counts = {
        table: _WAREHOUSE.query(f'select count(*) from "{table}"')[0][0]
        for _, table in _WAREHOUSE.tables()
    }
    assert counts == {
        "ForecastingTypeToCategory": 0,
        "TestCamelcase": 2,
        "example_stream": 2,
        "record_missing_fields": 2,
        "test_array_data": 4,
        "test_duplicate_records": 2,
        "test_no_pk": 3,
        "test_object_schema_no_properties": 2,
        "test_object_schema_with_properties": 2,
        "test_optional_attributes": 4,
        "test_schema_updates": 6,
        "test_strings": 11,
        "test_strings_in_arrays": 6,
        "test_strings_in_objects": 11,
    }
    newest = [(1, 100), (2, 20)]
    assert _WAREHOUSE.rows("test_duplicate_records", ["id", "metric"]) == newest
