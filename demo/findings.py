"""What the demo prints at its end: what was copied, what the report found, what to try next."""

from __future__ import annotations

from pathlib import Path

import duckdb

COPIED = """
    select
        environment_slug,
        sum(warehouse_rows),
        count(*) filter (is_table_at_source),
        bool_and(is_reconciled)
    from rpt_sync_health
    where is_latest_sync
    group by environment_slug
    order by environment_slug desc
"""

NEXT = """
Look further: open {report} in a browser, or ask

  make query SQL="select logged_at, actor_name, event_name, dag_id from fct_audit_events
                  where is_human order by logged_at desc limit 20"
  make query SQL="select environment_slug, username, role_names, last_login_at from dim_users
                  where is_dormant"
  make query SQL="select username, role_name, action_name from fct_user_permissions
                  where dag_id = 'payroll_export'"
  .venv/bin/meltano invoke dbt:docs-generate         what every column means

demo/README.md tells what else is hidden in there, README.md how to copy your own Airflow."""


def print_findings(warehouse: Path, answers: str, report: str) -> None:
    """Print what was copied, and what was found in it.

    Args:
        warehouse: The file.
        answers: What the report printed.
        report: Where the report is.

    Raises:
        duckdb.Error: The warehouse is not as the pipeline leaves it.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set schema = 'airflow_audit'")
        copied = connection.execute(COPIED).fetchall()
    print(f"\n{warehouse.name}\n")
    for slug, rows, tables, is_proven in copied:
        proof = "all counted against the source" if is_proven else "NOT as the source counts"
        print(f"  {slug:<12} {rows:,} rows of {tables} tables, {proof}")
    print("\nWhat the report says\n")
    for line in answers.splitlines():
        print(f"  {line}")
    print(NEXT.format(report=report))
