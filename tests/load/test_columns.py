from typing import Any

import pytest

from tests.load.singer import BOOLEAN, INTEGER, JSON, NUMBER, TEXT, TIMESTAMP
from warehouse_targets.columns import column_type


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (INTEGER, "bigint"),
        (NUMBER, "double"),
        (TEXT, "text"),
        (BOOLEAN, "bool"),
        (TIMESTAMP, "timestamp"),
        (JSON, "json"),
        ({"type": "integer"}, "bigint"),
        ({"type": ["null", "string"], "format": "date"}, "date"),
        ({"type": "string", "format": "time"}, "time"),
        ({"type": "string", "format": "uuid"}, "text"),
        ({"type": ["integer", "number", "null"]}, "double"),
        ({"type": ["integer", "string"]}, "json"),
        ({"type": "array", "items": INTEGER}, "json"),
        ({"type": "object", "properties": {"a": INTEGER}}, "json"),
        ({}, "json"),
        ({"type": "null"}, "json"),
        ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, "timestamp"),
        ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string"}]}, "text"),
        ({"oneOf": [{"type": "integer"}, {"type": ["boolean", "null"]}]}, "json"),
    ],
)
def test_column_type(shape: dict[str, Any], expected: str) -> None:
    assert column_type(shape) == expected
