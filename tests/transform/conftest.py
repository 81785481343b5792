"""One build of two small environments, and a warehouse of its own for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.transform.dbt_project import DbtProject, DbtRun
from tests.transform.environments import AIRFLOW_2, AIRFLOW_3, THREE, TWO
from tests.transform.raw_tables import load_environment

BOTH = f"{TWO},{THREE}"


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[DbtProject, DbtRun, Path]:
    """Build both environments; give the project, the run and a copy of the warehouse after it."""
    folder = tmp_path_factory.mktemp("transform")
    project = DbtProject(folder / "warehouse.duckdb", folder)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        load_environment(warehouse, TWO, "2.11.0", AIRFLOW_2)
        load_environment(warehouse, THREE, "3.3.2", AIRFLOW_3, reverse_columns=True)
    run = project.run("build", ENVIRONMENT_SLUGS=BOTH)
    copy = folder / "built.duckdb"
    shutil.copy(project.warehouse, copy)
    return project, run, copy


@pytest.fixture
def project(built_once: tuple[DbtProject, DbtRun, Path]) -> DbtProject:
    """The project, with the warehouse as the build left it."""
    project, run, copy = built_once
    assert run.exit_code == 0, run.output
    shutil.copy(copy, project.warehouse)
    return project


@pytest.fixture
def warehouse(project: DbtProject) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, open; dbt can run again once it is closed."""
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'; use airflow_audit")
        yield connection


@pytest.fixture
def rows_of(warehouse: duckdb.DuckDBPyConnection) -> Callable[..., list[tuple[Any, ...]]]:
    """Return a function that gives the rows of a query."""

    def rows_of(query: str) -> list[tuple[Any, ...]]:
        return warehouse.execute(query).fetchall()

    return rows_of
