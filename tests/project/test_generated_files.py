"""What is generated is what its source says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tap_airflow_metadata.generate import OUTPUTS
from warehouse_targets import generate as from_settings

ROOT = Path(__file__).parents[2]
FILES = {
    "dbt-sources": "transform/models/staging/_sources.yml",
    "tap-postgres": "extract/tap-postgres.meltano.yml",
    "what-is-read": "docs/what-is-read.md",
    "provider-tables": (
        "orchestrate/airflow-provider-airflow-audit/airflow_audit/metadata_tables.json"
    ),
    "snapshot-facts": "snapshot/airflow-snapshot/airflow_snapshot/airflow_facts.json",
}


def test_every_output_has_a_file():
    assert FILES.keys() == OUTPUTS.keys()


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_as_the_catalogue_says(name):
    assert (ROOT / FILES[name]).read_text() == OUTPUTS[name](), "run: make generate"


@pytest.mark.parametrize("path", from_settings.OUTPUTS)
def test_the_file_is_as_the_settings_of_the_warehouses_say(path):
    text = (ROOT / path).read_text()
    assert text == from_settings.OUTPUTS[path](text), "run: make generate"
