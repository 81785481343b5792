"""Raw rows of the two small environments that only aggregates need."""

from __future__ import annotations

from tests.transform.raw_tables import Row

AIRFLOW_2: dict[str, list[Row]] = {
    "slot_pool": [{"id": 1, "pool": "etl", "slots": 2}],
}

AIRFLOW_3: dict[str, list[Row]] = {
    "slot_pool": [
        {"id": 1, "pool": "etl", "slots": 4, "include_deferred": True},
        {"id": 2, "pool": "unlimited", "slots": -1, "include_deferred": False},
    ],
}
