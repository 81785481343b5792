"""dbt and the documents know every setting that a loader has for its warehouse.

tests/project/test_repository.py holds Meltano to the loaders, and
tests/orchestrate/inside_airflow/test_metadata_sync.py Airflow's connections to Meltano.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from warehouse_targets.target import WarehouseTarget
from warehouse_targets.target_bigquery import BigQueryTarget
from warehouse_targets.target_duckdb import DuckDBTarget
from warehouse_targets.target_redshift import RedshiftTarget
from warehouse_targets.target_snowflake import SnowflakeTarget

ROOT = Path(__file__).parents[2]
# How rows travel, which is not dbt's concern; what its driver for Redshift cannot be told; and
# what duckdb_memory.py reads, see tests/transform/test_memory.py.
NOT_IN_PROFILE = {"default_target_schema", "s3_staging_url", "copy_role_arn", "gcs_staging_url"}
NOT_IN_PROFILE |= {"sslrootcert", "memory_limit"}


def variables(target: type[WarehouseTarget], *left_out: str) -> set[str]:
    """The environment variables of a loader's own settings; the SDK may have added its."""
    prefix = target.name.replace("-", "_").upper()
    settings = set(target.config_jsonschema["properties"]) - set(left_out)
    settings -= {"batch_size_rows", "validate_records"}
    return {f"{prefix}_{setting.upper()}" for setting in settings}


@pytest.mark.parametrize(
    "target",
    [DuckDBTarget, SnowflakeTarget, RedshiftTarget, BigQueryTarget],
    ids=lambda target: target.name,
)
def test_dbt_logs_in_as_the_loader_does(target: type[WarehouseTarget]) -> None:
    profiles = yaml.safe_load((ROOT / "transform/profiles/profiles.yml").read_text())
    output = str(profiles["airflow_audit"]["outputs"][target.name.removeprefix("target-")])
    assert set(re.findall(r"TARGET_\w+", output)) == variables(target, *NOT_IN_PROFILE)


@pytest.mark.parametrize(
    ("document", "target"),
    [
        ("README", DuckDBTarget),
        ("snowflake", SnowflakeTarget),
        ("redshift", RedshiftTarget),
        ("bigquery", BigQueryTarget),
    ],
)
def test_every_setting_of_a_warehouse_is_told(document: str, target: type[WarehouseTarget]) -> None:
    document = f"docs/warehouses/{document}.md"
    table = [line for line in (ROOT / document).read_text().splitlines() if line.startswith("| `T")]
    assert set(re.findall(r"TARGET_\w+", str(table))) == variables(target)
