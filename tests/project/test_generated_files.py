"""What is generated is what its source says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.marts import documents
from tap_airflow_metadata.generate import generated_files, outdated_files
from warehouse_targets import generate as from_settings

ROOT = Path(__file__).parents[2]
FILES = generated_files()


@pytest.mark.parametrize("file", FILES, ids=str)
def test_the_file_is_up_to_date(file):
    assert (ROOT / file).read_text() == FILES[file], "run: make generate"


def test_no_file_is_left_that_the_catalogue_does_not_make_any_more():
    assert outdated_files(ROOT) == [], "run: make generate"


def test_documents_say_of_the_marts_what_their_descriptions_say():
    for path, text in documents().items():
        assert path.read_text() == text, "run: make generate"


@pytest.mark.parametrize("path", from_settings.OUTPUTS)
def test_the_file_is_as_the_settings_of_the_warehouses_say(path):
    text = (ROOT / path).read_text()
    assert text == from_settings.OUTPUTS[path](text), "run: make generate"
