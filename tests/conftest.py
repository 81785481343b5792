"""A Postgres server for the whole test run, and databases in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.extract.generated_rows import fill
from tests.real_airflow import captured
from tests.real_airflow.postgres import ThrowawayPostgres, throwaway_postgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[ThrowawayPostgres]:
    with throwaway_postgres(tcp=True) as server:
        yield server


@pytest.fixture
def filled_database(postgres: ThrowawayPostgres) -> Callable[..., str]:
    """Make a database with the tables of an Airflow version and generated rows; give its URL."""

    def make(version: str, rows: int = 20, **options: object) -> str:
        url = postgres.create_database(f"airflow_{next(_numbers)}")
        schema = captured.load(version)
        captured.recreate(schema, url)
        fill(schema, url, rows, **options)
        return url

    return make
