"""What docs/report.md says of the command is so."""

from __future__ import annotations

from pathlib import Path

from airflow_audit_report.cli import audit_report
from airflow_audit_report.report import SHOWN_ROWS
from airflow_audit_report.sections import SECTIONS

DOCUMENT = (Path(__file__).parents[2] / "docs/report.md").read_text()


def test_every_option_is_told_with_its_default():
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| `--")]
    options = [option for parameter in audit_report.params for option in parameter.opts]
    assert sorted(options) == sorted(
        option for row in rows for option in row.split("|")[1].strip(" `").split("`, `")
    )
    defaults = {"--days": "28", "--port": "8777", "--format": "html", "--output": "report.html"}
    for option, default in defaults.items():
        [row] = [row for row in rows if f"`{option}`" in row.split("|")[1]]
        assert default in row.split("|")[2]


def test_every_section_is_told():
    for section in SECTIONS:
        assert f"| {section.name} | {section.question} |" in DOCUMENT


def test_how_many_rows_are_shown():
    assert f"their first {SHOWN_ROWS} rows" in DOCUMENT
