"""What a report is about, out of what the user says."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from airflow_audit_report.errors import ReportSettingsError
from airflow_audit_report.report_request import ReportRequest, parse_day, parse_slugs

NEWEST = datetime(2026, 11, 13, 6, 20, tzinfo=timezone.utc)


def test_a_day_begins_at_midnight():
    assert parse_day("2026-11-01") == datetime(2026, 11, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-13-01", "1.11.2026", "2026-11-01T12:30:00", "'; drop table x"]
)
def test_what_is_no_day(text):
    with pytest.raises(ValueError, match="is no day as in 2026-01-31"):
        parse_day(text)


def test_slugs():
    assert parse_slugs(" production , qwe-1_2,") == ("production", "qwe-1_2")
    with pytest.raises(ValueError, match="no environment's slug"):
        parse_slugs("production,Staging' or 1=1")


def test_the_usual_period_is_of_days_up_to_the_newest_sync():
    period = ReportRequest().period(NEWEST)
    assert (period.since, period.until) == (NEWEST - timedelta(days=28), NEWEST)
    assert period.days == 28


def test_a_period_that_the_user_names():
    since, until = parse_day("2026-10-01"), parse_day("2026-10-02")
    assert ReportRequest(since=since, until=until).period(NEWEST).days == 1
    assert ReportRequest(until=until, days=7).period(NEWEST).since == parse_day("2026-09-25")


def test_from_a_day_on_the_days_that_are_over_count():
    since, today = parse_day("2026-11-01"), parse_day("2026-11-13")
    for until in (None, today, parse_day("2026-11-14"), parse_day("2026-12-01")):
        period = ReportRequest(since=since, until=until).period(NEWEST)
        assert (period.since, period.until) == (since, today)
    later = ReportRequest(until=parse_day("2026-12-01"), days=7).period(NEWEST)
    assert later.until == NEWEST


def test_a_period_that_ends_before_it_begins():
    with pytest.raises(ReportSettingsError, match=r"on 2026-12-01 and end before 2026-11-13"):
        ReportRequest(since=parse_day("2026-12-01")).period(NEWEST)


def test_what_dbt_is_told():
    request = ReportRequest(environments=("a", "b"), team="O'Neil\\", tag=None)
    assert request.variables(request.period(NEWEST)) == {
        "AUDIT_REPORT_SINCE": "2026-10-16T06:20:00+00:00",
        "AUDIT_REPORT_UNTIL": "2026-11-13T06:20:00+00:00",
        "AUDIT_REPORT_ENVIRONMENTS": "a,b",
        "AUDIT_REPORT_TEAM": "O'Neil\\",
        "AUDIT_REPORT_TAG": "",
    }
