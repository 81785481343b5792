"""Facts that several packages state for themselves, because none imports another, are the same."""

from __future__ import annotations

import os
import re
from pathlib import Path

import airflow_audit_report.errors
import airflow_snapshot.database
import airflow_snapshot.errors
import tap_airflow_metadata.database_errors
import tap_airflow_metadata.errors
import warehouse_targets.errors

ROOT = Path(__file__).parents[2]
PROVIDER = "orchestrate/airflow-provider-airflow-audit/airflow_audit"
SLUG = re.compile(r"\[a-z0-9\]\[a-z0-9_-\](?:\{0,(\d+)\}|\S)")
# PostgreSQL's, which cuts off what is longer.
LONGEST_IDENTIFIER = 63


def test_an_environment_slug_is_the_same_everywhere():
    stages = ("extract", "load", "orchestrate", "report", "snapshot", "transform", "demo")
    files = [file for stage in stages for file in (ROOT / stage).rglob("*.*") if file.is_file()]
    longest = {
        str(file.relative_to(ROOT)): int(found[1] or 0) + 1
        for file in files
        if file.suffix in {".py", ".sql", ".yml"}
        for found in SLUG.finditer(file.read_text())
    }
    assert longest == dict.fromkeys(
        (
            "extract/tap-airflow-metadata/tap_airflow_metadata/settings.py",
            f"{PROVIDER}/environment_slug.py",
            "report/airflow-audit-report/airflow_audit_report/report_request.py",
            "snapshot/airflow-snapshot/airflow_snapshot/take.py",
            "transform/macros/environment_slugs.sql",
        ),
        LONGEST_IDENTIFIER - len("airflow_") - len("_export"),
    )


def test_exit_codes_are_those_of_sysexits():
    codes = {
        (module.EXIT_RETRYABLE, module.EXIT_FINAL)
        for module in (
            airflow_audit_report.errors,
            airflow_snapshot.errors,
            tap_airflow_metadata.errors,
            warehouse_targets.errors,
        )
    }
    assert codes == {(os.EX_TEMPFAIL, os.EX_CONFIG)} == {(75, 78)}
    hook = (ROOT / PROVIDER / "hooks/meltano.py").read_text()
    assert re.findall(r"^FINAL = (\d+)$", hook, re.MULTILINE) == [str(os.EX_CONFIG)]


def test_tap_and_snapshots_try_again_after_the_same_refusals_of_a_login():
    refusals = tap_airflow_metadata.database_errors._PASSING_REFUSALS
    assert refusals == airflow_snapshot.database._PASSING_REFUSALS
