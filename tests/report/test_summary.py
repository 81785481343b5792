"""The report in a few lines."""

from __future__ import annotations

from airflow_audit_report.report import make_report
from airflow_audit_report.report_request import ReportRequest
from airflow_audit_report.summary import summarise
from tests.report.made_up_marts import MadeUpMarts, answer

TILES = ["metric", "current_value", "previous_value"]
FAILING = ["environment_slug", "dag_id", "run_count", "failed_run_count"]


def summary(**answers):
    marts = MadeUpMarts({f"report_{name}": given for name, given in answers.items()})
    return summarise(make_report(marts, ReportRequest(team="<!channel>")))


def test_what_it_says():
    rows = [["runs", 1234, 1000], ["success_share", 0.993, None]]
    failing = [["production", f"dag_{n}", 80, 12 - n] for n in range(7)]
    assert summary(key_numbers=answer(TILES, rows), failing_dags=answer(FAILING, failing)) == (
        "Airflow Audit: analytics, production, team &lt;!channel&gt;, 2026-10-16 to 2026-11-13\n"
        "\n"
        "What changed since the period before?\n"
        "- Runs: 1,234 (1,000 in the 28 days before)\n"
        "- Runs that succeeded: 99.3 %\n"
        "\n"
        "What failed, how often, and what did it cost?\n"
        "- DAGs that fail:\n"
        "    - `dag_0` (`production`): 12 of 80 runs failed\n"
        "    - `dag_1` (`production`): 11 of 80 runs failed\n"
        "    - `dag_2` (`production`): 10 of 80 runs failed\n"
        "    - `dag_3` (`production`): 9 of 80 runs failed\n"
        "    - `dag_4` (`production`): 8 of 80 runs failed\n"
        "    - and 2 others\n"
    )


def test_names_can_do_nothing():
    names = ["<!here> & <@U1>", "`*x*`\n# title", "x" * 10_000, "%s {dag_id}"]
    failing = [["production", name, 2, 1] for name in names]
    text = summary(failing_dags=answer(FAILING, failing))
    lines = [line.strip() for line in text.splitlines()][-4:]
    end = " (`production`): 1 of 2 runs failed"
    assert lines == [
        f"- `&lt;!here&gt; &amp; &lt;@U1&gt;`{end}",
        f"- `'*x*' # title`{end}",
        f"- `{'x' * 80}…`{end}",
        f"- `%s {{dag_id}}`{end}",
    ]


def test_where_nothing_happened():
    assert summary() == (
        "Airflow Audit: analytics, production, team &lt;!channel&gt;, 2026-10-16 to 2026-11-13\n"
    )
