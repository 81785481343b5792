"""What a report is about, out of what the user says."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from airflow_audit_report.errors import ReportSettingsError
from airflow_audit_report.report_request import ReportRequest, parse_moment, parse_slugs

NEWEST = datetime(2026, 11, 13, 6, 20, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=timezone.utc)),
        ("2026-11-01T12:30:00", datetime(2026, 11, 1, 12, 30, tzinfo=timezone.utc)),
        ("2026-11-01 12:30:00Z", datetime(2026, 11, 1, 12, 30, tzinfo=timezone.utc)),
        ("2026-11-01T12:30:00+02:00", datetime(2026, 11, 1, 10, 30, tzinfo=timezone.utc)),
    ],
)
def test_dates_and_moments(text, moment):
    assert parse_moment(text) == moment


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "1.11.2026", "'; drop table x"])
def test_what_is_no_date(text):
    with pytest.raises(ValueError, match=r"."):
        parse_moment(text)


def test_slugs():
    assert parse_slugs(" production , qwe-1_2,") == ("production", "qwe-1_2")
    with pytest.raises(ValueError, match="no environment's slug"):
        parse_slugs("production,Staging' or 1=1")


def test_the_usual_period_ends_at_the_newest_sync_and_begins_at_midnight():
    period = ReportRequest().period(NEWEST)
    assert period.since == datetime(2026, 10, 16, tzinfo=timezone.utc)
    assert period.until == NEWEST
    assert period.days == 28


def test_a_period_that_the_user_names():
    since, until = parse_moment("2026-10-01"), parse_moment("2026-10-02")
    assert ReportRequest(since=since).period(NEWEST).until == NEWEST
    assert ReportRequest(since=since, until=until).period(NEWEST).days == 1
    assert ReportRequest(until=until, days=7).period(NEWEST).since == parse_moment("2026-09-25")


def test_a_period_that_ends_before_it_begins():
    with pytest.raises(ReportSettingsError, match="2026-12-01 00:00 and end at 2026-11-13 06:20"):
        ReportRequest(since=parse_moment("2026-12-01")).period(NEWEST)


def test_what_dbt_is_told():
    request = ReportRequest(environments=("a", "b"), team="O'Neil\\", tag=None)
    assert request.variables(request.period(NEWEST)) == {
        "AUDIT_REPORT_SINCE": "2026-10-16T00:00:00+00:00",
        "AUDIT_REPORT_UNTIL": "2026-11-13T06:20:00+00:00",
        "AUDIT_REPORT_ENVIRONMENTS": "a,b",
        "AUDIT_REPORT_TEAM": "O'Neil\\",
        "AUDIT_REPORT_TAG": "",
    }
