"""Raw rows of settings, and what somebody did to them, in the two small environments."""

from __future__ import annotations

from tests.transform.raw_tables import Row

AIRFLOW_2: dict[str, list[Row]] = {
    "connection": [{"id": 1, "conn_id": "ftp", "host": "ftp.example", "is_encrypted": False}],
    "variable": [{"id": 1, "key": "rates", "is_encrypted": True}],
}

AIRFLOW_3: dict[str, list[Row]] = {
    "variable": [{"id": 1, "key": "rates", "is_encrypted": False, "team_name": "shop"}],
}
