"""dbt's profile, which is written by hand, takes the settings that the loaders have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from warehouse_targets.warehouse_settings import WAREHOUSES, load_settings

ROOT = Path(__file__).parents[2]
# How rows travel, which is not dbt's concern; what its driver for Redshift cannot be told; and
# what duckdb_memory.py reads, see tests/transform/test_memory.py.
NOT_IN_PROFILE = {"default_target_schema", "batch_size_rows", "validate_records"}
NOT_IN_PROFILE |= {"s3_staging_url", "copy_role_arn", "gcs_staging_url"}
NOT_IN_PROFILE |= {"sslrootcert", "memory_limit"}
VARIABLE = re.compile(r"env_var\('(TARGET_\w+)'(?:, '(.*?)')?\)")


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_dbt_logs_in_as_the_loader_does(warehouse: str) -> None:
    profiles = yaml.safe_load((ROOT / "transform/profiles/profiles.yml").read_text())
    output = profiles["airflow_audit"]["outputs"][warehouse]
    taken = [found for value in output.values() for found in VARIABLE.finditer(str(value))]
    # No default for what is required; for what has none, one that counts as nothing.
    assert {(found[1], found[2] and found[2].strip("{}")) for found in taken} == {
        (
            f"TARGET_{warehouse}_{name}".upper(),
            None if setting.required else str(setting.default or ""),
        )
        for name, setting in load_settings(warehouse).settings.items()
        if name not in NOT_IN_PROFILE
    }
