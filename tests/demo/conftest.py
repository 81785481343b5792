"""The bundled databases, restored."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest

from airflow_snapshot import archive
from airflow_snapshot.database import parse_address
from demo.environments import ENVIRONMENTS, METADATA
from demo.present import EARLIER
from tests.demo.demo_runs import WAREHOUSE, run_demo
from tests.demo.report_figures import ReportFigures
from tests.real_airflow.postgres import ThrowawayPostgres, execute
from tests.transform.running_dbt import DbtProject


@pytest.fixture(scope="session")
def demo_urls(postgres: ThrowawayPostgres, demo_databases: dict[str, str]) -> dict[str, str]:
    """Addresses of the bundled databases, by environment."""
    return {slug: postgres.url(name) for slug, name in demo_databases.items()}


@pytest.fixture(scope="session")
def urls_of_both_moments(
    postgres: ThrowawayPostgres, demo_databases: dict[str, str]
) -> dict[str, str]:
    """Addresses of copies, by environment, in which a schema `earlier` has the earlier snapshot."""
    urls = {}
    for environment in ENVIRONMENTS:
        name = demo_databases[environment.slug]
        url = postgres.create_database(f"{name}_and_earlier", template=name)
        execute(url, "alter schema public rename to present", "create schema public")
        file = METADATA / f"{environment.snapshot_at(EARLIER)}.dump"
        archive.load(file, parse_address(url, "url"))
        execute(
            url,
            "alter schema public rename to earlier",
            "alter schema present rename to public",
            "analyze",
        )
        urls[environment.slug] = url
    return urls


@pytest.fixture
def ask(urls_of_both_moments: dict[str, str]) -> Callable[..., list[tuple]]:
    """Query one of the bundled databases; what the first sync read is in its schema `earlier`."""

    def query(slug: str, text: str, *values: object) -> list[tuple]:
        with psycopg.connect(urls_of_both_moments[slug]) as connection:
            connection.execute("set time zone 'UTC'")
            return connection.execute(text, values).fetchall()

    return query


@pytest.fixture(scope="session")
def first_demo() -> Iterator[tuple[Path, str]]:
    """A demo that ran once: the folder with its results, and what it printed."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        yield Path(folder), run_demo(Path(folder))


@pytest.fixture
def marts(first_demo: tuple[Path, str]) -> Iterator[Callable[..., list[tuple]]]:
    """Query the marts that the demo built."""
    folder, _ = first_demo
    with duckdb.connect(str(folder / WAREHOUSE), read_only=True) as warehouse:
        warehouse.execute("set TimeZone = 'UTC'; use airflow_audit")
        yield lambda text, *values: warehouse.execute(text, values).fetchall()


@pytest.fixture(scope="session")
def project(first_demo: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    """The project, on the warehouse that the demo built."""
    folder, _ = first_demo
    return DbtProject(folder / WAREHOUSE, tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def figures(project: DbtProject) -> ReportFigures:
    """Ask for the figures of the report."""
    return ReportFigures(project)


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[[str], Path]:
    """Make a program that does what a line of shell says."""

    def make(line: str) -> Path:
        program = tmp_path / "meltano"
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
        return program

    return make
