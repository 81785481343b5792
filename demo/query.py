"""`make query SQL="select …"`: ask the demo's warehouse, or another, and print the result."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import duckdb

DEMO_WAREHOUSE = Path(__file__).resolve().parents[1] / "output" / "demo.duckdb"
SHOWN_ROWS = 200


def main() -> None:
    """Print what a query finds, as a table; the file is opened for reading only."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sql", help="the query; the marts are in the schema airflow_audit")
    parser.add_argument("--database", type=Path, default=DEMO_WAREHOUSE, help="a DuckDB file")
    arguments = parser.parse_args()
    if not arguments.sql.strip():
        parser.error('no query given: make query SQL="select … from airflow_audit.dim_dags"')
    if not arguments.database.exists():
        parser.error(f"there is no {arguments.database}; make demo makes output/demo.duckdb")
    try:
        with duckdb.connect(str(arguments.database), read_only=True) as connection:
            connection.execute("set time zone 'UTC'")
            connection.execute("set schema = 'airflow_audit'")
            connection.sql(arguments.sql).show(max_rows=SHOWN_ROWS, max_width=_width())
    except duckdb.Error as error:
        sys.exit(str(error))


def _width() -> int:
    """Columns of the terminal; plenty, where the output goes into a file."""
    return shutil.get_terminal_size((200, 40)).columns


if __name__ == "__main__":
    main()
