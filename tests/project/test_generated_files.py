"""What is generated from the catalogue is what the catalogue says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tap_airflow_metadata.generate import generated_files, outdated_files

ROOT = Path(__file__).parents[2]
FILES = generated_files()


@pytest.mark.parametrize("file", FILES, ids=str)
def test_the_file_is_up_to_date(file):
    assert (ROOT / file).read_text() == FILES[file], "run: make generate"


def test_no_file_is_left_that_the_catalogue_does_not_make_any_more():
    assert outdated_files(ROOT) == [], "run: make generate"
