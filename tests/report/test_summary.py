"""The report in a few lines."""

from __future__ import annotations

import pytest

from airflow_audit_report.report import make_report
from airflow_audit_report.report_request import ReportRequest
from airflow_audit_report.summary import answer_lines, summarise
from tests.report.made_up_marts import ENVIRONMENTS, MadeUpMarts, answer

TILES = ["metric", "current_value", "previous_value"]
ANSWERS = ["rule_name", "severity", "environment_slug", "subject", "sentence", "finding_count"]


def report(rows=(), tiles=(), environments=ENVIRONMENTS):
    answers = {
        "report_answers": answer(ANSWERS, rows),
        "report_key_numbers": answer(TILES, tiles),
    }
    return make_report(MadeUpMarts(answers, environments), ReportRequest(team="<!channel>"))


def test_what_it_says():
    rows = [
        ["failing_dags", "high", "production", "sales", "sales failed in its last 3 runs", 6],
        ["failing_dags", "high", "analytics", "crm", "crm failed in its last 4 runs", 6],
        ["late_syncs", "medium", "analytics", "analytics", "analytics was last synced in May", 1],
    ]
    tiles = [["runs", 1234, 1000], ["success_share", 0.993, 0.9], ["failed_runs", 9, None]]
    assert summarise(report(rows, tiles)) == (
        "Airflow Audit: analytics, production, team `&lt;!channel&gt;`, 2026-10-16 to 2026-11-13\n"
        "\n"
        "7 things to look at, of 2 kinds, 1 of them urgent.\n"
        "- high: sales failed in its last 3 runs (production), and 5 more: crm (analytics), …\n"
        "- medium: analytics was last synced in May\n"
        "\n"
        "In numbers, against the period before:\n"
        "- Runs: 1,234 (1,000 in the 28 days before)\n"
        "- Runs that succeeded: 99.3 % (90.0 % in the 28 days before, better)\n"
        "- Failed runs: 9\n"
        "Accounts now:\n"
        "DAGs now:\n"
    )


def test_eight_are_told():
    rows = [[f"rule_{n}", "low", "production", f"d{n}", f"d{n} is so", 1] for n in range(10)]
    lines = answer_lines(report(rows))
    assert lines[0] == "10 things to look at, of 10 kinds."
    assert lines[1:9] == [f"- low: d{n} is so (production)" for n in range(8)]
    assert lines[9:] == ["- and 2 more kinds of findings"]


def test_of_one_environment_it_is_not_named():
    rows = [
        ["idle_admins", "high", "production", "dana", "dana is an admin", 2],
        ["idle_admins", "high", "production", "root", "root is an admin", 2],
    ]
    lines = answer_lines(report(rows, environments=ENVIRONMENTS[1:]))
    assert lines[1:] == ["- high: dana is an admin, and 1 more: root"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("orders_hourly", "orders_hourly failed"),
        ("/opt/dags/a-b.py", "/opt/dags/a-b.py failed"),
        ("<!here> & <@U1>", "`&lt;!here&gt; &amp; &lt;@U1&gt; failed`"),
        ("`*x*`\n# title", "`'*x*' # title failed`"),
        ("_x_", "`_x_ failed`"),
        ("jane@example.org", "`jane@example.org failed`"),
        ("https://example.org", "`https://example.org failed`"),
        ("[a](b)", "`[a](b) failed`"),
        ("%s {dag_id}", "%s {dag_id} failed"),
        ("x" * 10_000, f"{'x' * 300}…"),
    ],
)
def test_names_can_do_nothing(name, told):
    rows = [["failing_dags", "high", "production", name, f"{name} failed", 1]]
    assert answer_lines(report(rows, environments=ENVIRONMENTS[1:]))[1] == f"- high: {told}"


def test_where_nothing_is_found():
    assert answer_lines(report()) == ["Nothing to look at: no rule found anything."]
