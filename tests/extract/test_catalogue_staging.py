"""What the catalogue says about staging is refused when staging could not be made of it."""

from __future__ import annotations

from typing import Any

import pytest

from tap_airflow_metadata.catalogue import parse_table


def staging_columns(
    columns: dict[str, dict[str, Any]], read: str = "default"
) -> dict[str, list[str]]:
    """Return the names of the columns that each staging column of a table is taken from."""
    entry = {"description": "One thing.", "read": read, "key": ["id"]}
    table = parse_table("thing", entry | {"columns": {"id": {"type": "integer"}, **columns}})
    return {
        name: [column.name for column in sources]
        for name, sources in table.staging_columns().items()
    }


def test_a_column_that_replaces_another_is_asked_first() -> None:
    columns = {
        "execution_date": {"type": "timestamp", "as": "logical_at", "until": "2.11"},
        "state": {"type": "text"},
        "logical_date": {"type": "timestamp", "as": "logical_at", "since": "3.0"},
    }
    assert staging_columns(columns) == {
        "id": ["id"],
        "logical_at": ["logical_date", "execution_date"],
        "state": ["state"],
    }


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"state": {"type": "text", "as": "state"}}, "only for a name that differs"),
        ({"slug": {"type": "text", "as": "environment_slug"}}, "already"),
        ({"read_at": {"type": "timestamp", "as": "extracted_at"}}, "already"),
        (
            {"val": {"type": "text", "as": "value", "access": "secret", "reason": "A secret."}},
            "does not have this column",
        ),
        (
            {"conf": {"type": "json", "doc": "run_conf", "access": "withheld", "reason": "May."}},
            "does not have this column",
        ),
        (
            {"start": {"type": "timestamp", "as": "at"}, "end": {"type": "timestamp", "as": "at"}},
            "start and end are both at",
        ),
        (
            {
                "date": {"type": "timestamp", "as": "logical_at", "until": "3.0"},
                "logical_at": {"type": "timestamp", "since": "3.0"},
            },
            "date and logical_at are both logical_at",
        ),
        (
            {
                "date": {"type": "timestamp", "as": "at", "until": "2.11"},
                "day": {"type": "text", "as": "at", "since": "3.0"},
            },
            "of one type",
        ),
    ],
)
def test_what_staging_cannot_be_made_of_is_refused(
    columns: dict[str, dict[str, Any]], problem: str
) -> None:
    with pytest.raises(ValueError, match=rf"^Catalogue entry thing.*{problem}"):
        staging_columns(columns)


def test_a_table_without_staging_takes_no_names() -> None:
    columns = {"val": {"type": "text", "as": "value"}}
    with pytest.raises(ValueError, match="does not have this column"):
        staging_columns(columns, read="optional")
