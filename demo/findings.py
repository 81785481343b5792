"""What the demo prints at its end: a few answers from the marts, and what to try next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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

DAYS = """
    select strftime(min(started_at), '%Y-%m-%d'), strftime(max(started_at), '%Y-%m-%d')
    from fct_dag_runs
    where run_type = 'scheduled' and started_at > (
        select max(started_at) - interval 91 days from fct_dag_runs
    )
"""

SUCCESS_RATES = """
    select environment_slug, 100.0 * avg(cast(first_state = 'success' as integer)), count(*)
    from fct_dag_runs
    where first_state in ('success', 'failed')
    group by environment_slug
    order by environment_slug desc
"""

SLOWER = """
    with finished as (
        select *, max(ended_at) over () - ended_at as age
        from fct_dag_runs
        where state = 'success' and not is_backfill
    ),

    months as (
        select
            environment_slug,
            dag_id,
            median(duration_seconds) filter (age < interval 28 days) / 60 as this_month,
            median(duration_seconds) filter (
                age between interval 28 days and interval 56 days
            ) / 60 as month_before,
            count(*) filter (age < interval 28 days) as run_count
        from finished
        group by environment_slug, dag_id
    )

    select environment_slug, dag_id, month_before, this_month, 100 * (this_month / month_before - 1)
    from months
    where run_count >= 20 and month_before is not null
    order by this_month / month_before desc
    limit 2
"""

WASTED = """
    select environment_slug, dag_id, task_id, sum(wasted_seconds) / 3600
    from fct_task_instances
    group by environment_slug, dag_id, task_id
    order by sum(wasted_seconds) desc
    limit 2
"""

ADMINS_NEVER_SEEN = """
    select environment_slug, username
    from dim_users
    where is_admin and is_active and coalesce(login_count, 0) = 0
    order by environment_slug, username
"""

ADMINS_BY_GROUP_ALONE = """
    select distinct environment_slug, username, group_name
    from fct_user_permissions
    where role_name = 'Admin'
    qualify bool_and(is_through_group) over (partition by environment_slug, user_id)
    order by environment_slug, username
"""

MARKED_BY_HAND = """
    select environment_slug, actor_name, count(*), string_agg(distinct dag_id, ', ' order by dag_id)
    from fct_audit_events
    where is_human and category = 'task' and action = 'mark'
    group by environment_slug, actor_name
    order by count(*) desc
    limit 1
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


def print_findings(warehouse: Path, report: str) -> None:
    """Query the marts and print what they say.

    Args:
        warehouse: The file.
        report: Where the report of it is.

    Raises:
        duckdb.Error: The warehouse is not as the pipeline leaves it.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set time zone 'UTC'")
        connection.execute("set schema = 'airflow_audit'")

        def ask(question: str) -> list[tuple[Any, ...]]:
            return connection.execute(question).fetchall()

        print(f"\n{warehouse.name}\n")
        for slug, rows, tables, is_proven in ask(COPIED):
            proof = "all counted against the source" if is_proven else "NOT as the source counts"
            print(f"  {slug:<34} {rows:,} rows of {tables} tables, {proof}")
        ((first, last),) = ask(DAYS)
        print(f"\nWhat the marts say of {first} to {last}\n")
        for title, text in _findings(ask):
            print(f"  {title:<34} {text}")
        print(NEXT.format(report=report))


def _findings(ask: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - the function above
    """Titles and texts of the findings."""
    rates = [f"{slug} {rate:.1f} % of {count:,}" for slug, rate, count in ask(SUCCESS_RATES)]
    slower = [
        f"{dag_id} {before:.0f} → {now:.0f} minutes ({growth:+.0f} %)"
        for _, dag_id, before, now, growth in ask(SLOWER)
    ]
    wasted = [f"{dag_id}.{task_id} {hours:.0f} hours" for _, dag_id, task_id, hours in ask(WASTED)]
    unseen = [f"{name} ({slug})" for slug, name in ask(ADMINS_NEVER_SEEN)]
    by_group = [f"{name} ({slug}, {group})" for slug, name, group in ask(ADMINS_BY_GROUP_ALONE)]
    marked = [f"{name} {count} times ({dags})" for _, name, count, dags in ask(MARKED_BY_HAND)]
    return [
        ("runs that succeeded", ", ".join(rates)),
        ("slower than four weeks before", ", ".join(slower)),
        ("time lost in failed tries", ", ".join(wasted)),
        ("admins who never logged in", ", ".join(unseen) or "none"),
        ("admins by membership of a group", ", ".join(by_group) or "none"),
        ("most tasks marked by hand", ", ".join(marked) or "none"),
    ]
