"""Every warehouse, one after the other; all but DuckDB by a stand-in."""

from __future__ import annotations

import pytest

from tests.load.loaded_warehouse import LoadedWarehouse
from tests.stand_ins import CLOUD_WAREHOUSES


@pytest.fixture(
    params=[
        "duckdb",
        *(pytest.param(name, marks=pytest.mark.stand_in) for name in CLOUD_WAREHOUSES),
    ]
)
def warehouse(request: pytest.FixtureRequest) -> LoadedWarehouse:
    warehouse: LoadedWarehouse = request.getfixturevalue(f"{request.param}_warehouse")
    return warehouse
