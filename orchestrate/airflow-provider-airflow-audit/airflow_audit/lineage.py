"""OpenLineage datasets that a transfer read and wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit


def lineage(database_url: str, warehouse: str, schema: str, tables: Sequence[str]) -> Any:  # noqa: ANN401
    """Return the lineage of a transfer, for Airflow's OpenLineage provider.

    Args:
        database_url: URL of the metadata database; credentials are left out.
        warehouse: Short name of the warehouse.
        schema: Schema in the warehouse.
        tables: Names of the transferred tables.
    """
    from airflow.providers.openlineage.extractors import OperatorLineage  # noqa: PLC0415
    from openlineage.client.event_v2 import Dataset  # noqa: PLC0415

    source = urlsplit(database_url)
    namespace = f"postgres://{source.hostname or 'localhost'}:{source.port or 5432}"
    database = unquote(source.path.lstrip("/"))
    return OperatorLineage(
        inputs=[Dataset(namespace, f"{database}.public.{table}") for table in tables],
        outputs=[Dataset(f"airflow-audit://{warehouse}", f"{schema}.{table}") for table in tables],
    )
