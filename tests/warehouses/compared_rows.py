"""Rows of built models, so that those of two builds, or of two warehouses, can be compared."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from tests.load.loaded_warehouse import LoadedWarehouse


def rows(
    schema: LoadedWarehouse, model: str, leaving_out: Collection[str] = ()
) -> list[list[object]]:
    """All rows, sorted by their key, which stands first; values alike in every warehouse.

    Args:
        schema: The warehouse, with the model's schema.
        model: Its name.
        leaving_out: Columns that are not compared.
    """
    columns = [name for name, _ in schema.columns(model) if name not in leaving_out]
    found = ([_alike(value) for value in row] for row in schema.rows(model, columns))
    # No key has more columns.
    return sorted(found, key=lambda row: [str(value) for value in row[:3]])


def approximately(row: list[object]) -> list[object]:
    """The row to compare with: sums of floats differ in their last digits with their order."""
    return [pytest.approx(value, rel=1e-9) if isinstance(value, float) else value for value in row]


def _alike(value: Any) -> object:
    if isinstance(value, Decimal | float):
        return float(value)
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat()
    return str(value)
