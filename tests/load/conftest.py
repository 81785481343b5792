"""A warehouse for each test: a DuckDB file, or a place of its own in a stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.load.hashed_source import HashedSource
from tests.load.loaded_bigquery import LoadedBigQuery
from tests.load.loaded_duckdb import LoadedDuckDB
from tests.load.loaded_redshift import LoadedRedshift
from tests.load.loaded_snowflake import LoadedSnowflake
from tests.load.loaded_warehouse import LoadedWarehouse
from tests.stand_ins.bigquery import BigQueryStandIn, running_bigquery
from tests.stand_ins.redshift import RedshiftStandIn, running_redshift
from tests.stand_ins.snowflake import SnowflakeStandIn, running_snowflake


@pytest.fixture(scope="session")
def snowflake_stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnowflakeStandIn]:
    with running_snowflake(tmp_path_factory.mktemp("snowflake")) as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def redshift_stand_in() -> Iterator[RedshiftStandIn]:
    with running_redshift() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def bigquery_stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BigQueryStandIn]:
    with running_bigquery(tmp_path_factory.mktemp("bigquery")) as stand_in:
        yield stand_in


@pytest.fixture
def duckdb_warehouse(tmp_path: Path) -> LoadedDuckDB:
    return LoadedDuckDB(tmp_path / "output")


@pytest.fixture
def snowflake_warehouse(
    snowflake_stand_in: SnowflakeStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> LoadedSnowflake:
    for name, value in snowflake_stand_in.environment.items():
        monkeypatch.setenv(name, value)
    database = snowflake_stand_in.new_database()
    return LoadedSnowflake(tmp_path / "output", stand_in=snowflake_stand_in, database=database)


@pytest.fixture
def redshift_warehouse(
    redshift_stand_in: RedshiftStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> LoadedRedshift:
    for name, value in redshift_stand_in.aws_environment().items():
        monkeypatch.setenv(name, value)
    return LoadedRedshift(tmp_path / "output", stand_in=redshift_stand_in)


@pytest.fixture
def bigquery_warehouse(
    bigquery_stand_in: BigQueryStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> LoadedBigQuery:
    for name, value in bigquery_stand_in.environment.items():
        monkeypatch.setenv(name, value)
    project = bigquery_stand_in.new_project()
    return LoadedBigQuery(tmp_path / "output", stand_in=bigquery_stand_in, project=project)


@pytest.fixture
def warehouse(duckdb_warehouse: LoadedDuckDB) -> LoadedDuckDB:
    return duckdb_warehouse


@pytest.fixture
def source(warehouse: LoadedWarehouse, tmp_path: Path) -> HashedSource:
    return HashedSource(warehouse, tmp_path / "spool")
