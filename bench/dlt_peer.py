"""A peer: dlt's sql_database source into DuckDB, through Arrow; runs in an environment of its own.

Arguments: database address, DuckDB file, and per table ``table:column,column,…``.
"""

from __future__ import annotations

import sys
import tempfile

import dlt
from dlt.sources.sql_database import sql_table


def main(database_url: str, warehouse: str, tables: list[str]) -> None:
    """Copy the tables, merging nothing: each is replaced."""
    chosen = [entry.split(":") for entry in tables]
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "peer",
            destination=dlt.destinations.duckdb(warehouse),
            dataset_name="peer",
            pipelines_dir=folder,
        )
        pipeline.run(
            [
                sql_table(
                    database_url.replace("postgresql://", "postgresql+psycopg2://"),
                    table=name,
                    included_columns=columns.split(","),
                    backend="pyarrow",
                    chunk_size=100_000,
                )
                for name, columns in chosen
            ],
            write_disposition="replace",
        )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
