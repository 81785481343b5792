"""What is generated is what the catalogue, and the descriptions of the marts, say now."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.marts import documents
from tap_airflow_metadata.generate import OUTPUTS

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
def test_the_file_is_up_to_date(name):
    assert (ROOT / FILES[name]).read_text() == OUTPUTS[name](), "run: make generate"


def test_documents_say_of_the_marts_what_their_descriptions_say():
    for path, text in documents().items():
        assert path.read_text() == text, "run: make generate"
