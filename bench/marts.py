"""``make bench-marts``: the marts alone, on more rows than one wants to put into Postgres.

A small Airflow 3.3.2 database is copied as always. Then each of its rows is multiplied within the
warehouse, and so is what changes until the next copy of it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from bench.fill import change, fill
from bench.measure import HEADER
from bench.run import BUILD, FULL_BUILD, PEERS, REPORT, SLUG, Bench
from tests.real_airflow.postgres import throwaway_postgres

RUNS = 1_000
TASKS_PER_RUN = 10
ROWS = RUNS * TASKS_PER_RUN
ONE_IN = 1_000
# Copies of every row that one statement makes: memory does not depend on their number.
AT_ONCE = 100

# What tells the copy `n` of a row from it.
_KEYS = {
    "dag_run": {"id": f"id + n * {RUNS}", "run_id": "run_id || '~' || n"},
    "task_instance": {"id": "id || '~' || n", "run_id": "run_id || '~' || n"},
    "log": {"id": f"id + n * {2 * ROWS}", "run_id": "run_id || '~' || n"},
}
_LAST_READ = "_sdc_extracted_at = (select max(_sdc_extracted_at) from _sync_manifest)"
_CHANGE_COPIES = f"""
update task_instance as copied
set state = changed.state, updated_at = changed.updated_at, end_date = changed.end_date,
    _sdc_extracted_at = changed._sdc_extracted_at
from (from task_instance where {_LAST_READ}) as changed
where copied.dag_id = changed.dag_id and copied.task_id = changed.task_id
    and split_part(copied.run_id, '~', 1) = changed.run_id
"""


def multiply(tables: duckdb.DuckDBPyConnection, name: str, copies: int, apart: str) -> None:
    """Multiply the rows of a table that were read last.

    Args:
        tables: The warehouse, with the raw tables' schema as its default.
        name: Of the table.
        copies: How many rows there are to be for each.
        apart: An interval: how much later than a row its last copy is.
    """
    step = f"n * (interval '{apart}' / {copies})"
    moments = {
        column: f"{column} + {step}"
        for column, kind, *_ in tables.execute(f"describe {name}").fetchall()
        if kind == "TIMESTAMP WITH TIME ZONE" and not column.startswith("_sdc_")
    }
    replaced = ", ".join(f"{new} as {column}" for column, new in (_KEYS[name] | moments).items())
    # A sync reads some events again, which have their copies then.
    tables.execute(
        f"create or replace temp table read_last as from {name} where {_LAST_READ}"
        f" and (select {_KEYS[name]['id']} from (values (1)) as numbers(n))"
        f" not in (select id from {name})"
    )
    for first in range(1, copies, AT_ONCE):
        numbers = f"range({first}, {min(first + AT_ONCE, copies)}) as numbers(n)"
        tables.execute(
            f"insert into {name} select * exclude (n)"
            f" from (select * replace ({replaced}) from read_last, {numbers})"
        )


def made_up(
    warehouse: Path, copies: int, make: Callable[[duckdb.DuckDBPyConnection, int], None]
) -> None:
    """Change the raw tables, and have the manifest of the last copy count what there is then."""
    with duckdb.connect(str(warehouse)) as tables:
        tables.execute(f"set schema = 'airflow_{SLUG}'")
        tables.execute("set preserve_insertion_order = false")
        make(tables, copies)
        tables.execute(
            "update _sync_manifest set source_rows = source_rows * ?, sent_rows = sent_rows * ?"
            f" where {_LAST_READ}",
            [copies, copies],
        )


def all_rows(tables: duckdb.DuckDBPyConnection, copies: int) -> None:
    """Multiply everything, evenly until the next row."""
    for name in _KEYS:
        per = ROWS if name == "log" else RUNS
        multiply(tables, name, copies, f"{347 * 24 * 3600 // per} seconds")


def changed_rows(tables: duckdb.DuckDBPyConnection, copies: int) -> None:
    """Change the copies of what changed, and multiply what was added."""
    tables.execute(_CHANGE_COPIES)
    multiply(tables, "log", copies, "1 second")


def main() -> None:
    """Make the tables and measure what the marts cost."""
    parser = argparse.ArgumentParser(prog="make bench-marts", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="task instances, and events")
    copies = parser.parse_args().rows // ROWS
    PEERS.mkdir(parents=True, exist_ok=True)
    with throwaway_postgres(tcp=True) as postgres, tempfile.TemporaryDirectory() as folder:
        postgres.create_database("bench")
        database_url = postgres.tcp_url("bench")
        fill(database_url, runs=RUNS, tasks_per_run=TASKS_PER_RUN, logs=ROWS)
        bench = Bench(Path(folder), database_url)
        print(f"\n  {copies * ROWS:,} task instances and events each; then one in {ONE_IN} changed")
        print(HEADER)
        bench.our_run()
        made_up(bench.warehouse, copies, all_rows)
        print(bench.our_build().row(FULL_BUILD), flush=True)
        change(database_url, logs=ROWS, one_in=ONE_IN)
        bench.our_run()
        made_up(bench.warehouse, copies, changed_rows)
        print(bench.our_build().row(BUILD), flush=True)
        print(bench.our_report().row(REPORT), flush=True)


if __name__ == "__main__":
    main()
