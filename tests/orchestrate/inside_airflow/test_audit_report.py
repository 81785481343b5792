"""The operators that report: what is passed on to Meltano."""

from __future__ import annotations

import pytest
from airflow.exceptions import AirflowFailException
from airflow_audit.hooks.meltano import MeltanoHook
from airflow_audit.operators.audit_report import (
    AuditReportOperatorBigQuery,
    AuditReportOperatorDuckDB,
    AuditReportOperatorRedshift,
    AuditReportOperatorSnowflake,
)


def test_writes_where_the_project_says(calls):
    assert AuditReportOperatorDuckDB(task_id="report").execute({}) is None
    assert calls == [(["invoke", "audit-report"], {"AUDIT_REPORT_FORMAT": "html"}, [])]


def test_arguments_are_passed_on_but_never_in_the_command_line(calls):
    operator = AuditReportOperatorDuckDB(
        task_id="report",
        destination="s3://reports/airflow.md",
        report_format="markdown",
        environments=["production", "staging"],
        days=7,
        team="--help",
        tag="tier 1",
    )
    assert operator.execute({}) == "s3://reports/airflow.md"
    [(arguments, environment, _)] = calls
    assert arguments == ["invoke", "audit-report"]
    assert environment == {
        "AUDIT_REPORT_OUTPUT": "s3://reports/airflow.md",
        "AUDIT_REPORT_FORMAT": "markdown",
        "AUDIT_REPORT_ENVIRONMENTS": "production,staging",
        "AUDIT_REPORT_DAYS": "7",
        "AUDIT_REPORT_TEAM": "--help",
        "AUDIT_REPORT_TAG": "tier 1",
    }


@pytest.mark.parametrize(
    ("operator_class", "plugin"),
    [
        (AuditReportOperatorSnowflake, "audit-report-snowflake"),
        (AuditReportOperatorRedshift, "audit-report-redshift"),
        (AuditReportOperatorBigQuery, "audit-report-bigquery"),
    ],
)
def test_other_warehouses_have_plugins_of_their_own(operator_class, plugin, calls):
    operator_class(task_id="report").execute({})
    assert [arguments for arguments, _, _ in calls] == [["invoke", plugin]]


def test_the_login_is_that_of_the_loader(calls, monkeypatch):
    for field, value in {"HOST": "cluster", "LOGIN": "auditor", "PASSWORD": "s3cret"}.items():
        monkeypatch.setenv(f"DATACOVES__RAW__{field}", value)
    AuditReportOperatorRedshift(task_id="report", service_connection_name="raw").execute({})
    [(_, environment, secrets)] = calls
    assert environment["TARGET_REDSHIFT_HOST"] == "cluster"
    assert environment["TARGET_REDSHIFT_USER"] == "auditor"
    assert secrets == ["s3cret"]


def test_a_plugin_that_is_not_installed_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(MeltanoHook, "project", tmp_path)
    with pytest.raises(AirflowFailException, match="make install WAREHOUSE=snowflake"):
        AuditReportOperatorSnowflake(task_id="report").execute({})
