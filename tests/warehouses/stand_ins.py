"""A warehouse that nobody else uses, in a stand-in of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from tests.load.loaded_bigquery import LoadedBigQuery
from tests.load.loaded_redshift import LoadedRedshift
from tests.load.loaded_snowflake import LoadedSnowflake
from tests.load.loaded_warehouse import LoadedWarehouse
from tests.stand_ins.bigquery import running_bigquery
from tests.stand_ins.redshift import running_redshift
from tests.stand_ins.snowflake import running_snowflake


@contextmanager
def running_warehouse(name: str, folder: Path) -> Iterator[LoadedWarehouse]:
    """Run a stand-in, with the environment variables that send this process to it.

    Args:
        name: The warehouse.
        folder: Empty.
    """
    files, own = folder / "stand-in", folder / "warehouse"
    files.mkdir()
    match name:
        case "snowflake":
            with (
                running_snowflake(files) as snowflake,
                patch.dict(os.environ, snowflake.environment),
            ):
                database = snowflake.new_database()
                yield LoadedSnowflake(own, stand_in=snowflake, database=database)
        case "redshift":
            with running_redshift() as redshift, patch.dict(os.environ, redshift.aws_environment()):
                yield LoadedRedshift(own, stand_in=redshift)
        case "bigquery":
            with running_bigquery(files) as bigquery, patch.dict(os.environ, bigquery.environment):
                yield LoadedBigQuery(own, stand_in=bigquery, project=bigquery.new_project())
