"""How tests are shared out among processes; a Postgres server for each, and databases in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from airflow_snapshot import archive
from airflow_snapshot.database import parse_address
from demo.environments import ENVIRONMENTS, METADATA
from tests.extract.generated_rows import fill
from tests.real_airflow import captured
from tests.real_airflow.install import has_python, migrate
from tests.real_airflow.postgres import ThrowawayPostgres, execute, throwaway_postgres
from tests.stand_ins import CLOUD_WAREHOUSES

pytest_plugins = ["tests.left_out"]

# Their tests share what takes a minute to build: one process has all of a folder.
_BUILT_ONCE = ("tests/demo", "tests/transform")


class _Scheduling(LoadScopeScheduling):
    """Keeps together what shares something expensive: a build, an Airflow, a stand-in."""

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.partition("::")[0])
        shared = [folder for folder in _BUILT_ONCE if path.is_relative_to(folder)]
        if shared and path.name != "test_warehouses.py":
            return shared[0]
        if path.parts[1] in {"load", "warehouses"}:
            # Each has a stand-in, which one process starts.
            return next((name for name in CLOUD_WAREHOUSES if name in nodeid), str(path))
        if path.name == "test_upgrade.py":
            return str(path)
        if "live" in path.parts or path.parts[1] == "orchestrate":
            return next((f"Airflow {v}" for v in LIVE_VERSIONS if v in nodeid), str(path))
        return str(path)


# Their files take longest, so they come first: at the end no process waits long for the other.
_LONGEST = ("tests/demo", "tests/transform", "tests/pipeline", "tests/snapshot", "tests/report")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Scheduling:
    return _Scheduling(config, log)


# The Airflows that tests run, not only read: the newest of 2 and of 3.
LIVE_VERSIONS = ("2.11.0", "3.4.0b2")
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[ThrowawayPostgres]:
    with throwaway_postgres(tcp=True) as server:
        yield server


def restore_demo_databases(server: ThrowawayPostgres) -> dict[str, str]:
    """Restore the demo's snapshots into databases of a server; names by environment."""
    names = {}
    for environment in ENVIRONMENTS:
        name = f"demo_{environment.slug}"
        address = parse_address(server.create_database(name), "demo")
        archive.load(METADATA / f"{environment.snapshot_name}.dump", address)
        names[environment.slug] = name
    return names


def thinned_out(server: ThrowawayPostgres, database: str, *, keep_one_in: int) -> str:
    """Copy a real Airflow's database without most runs, all that hangs on them, and most logs.

    Returns:
        The name of the copy, which has some rows of each kind.
    """
    copy = f"{database}_one_in_{keep_one_in}"
    url = server.create_database(copy, template=database)
    few = [f"delete from {table} where id % {keep_one_in} <> 0" for table in ("dag_run", "log")]
    execute(url, *few, "vacuum full")
    return copy


@pytest.fixture(scope="session")
def demo_databases(postgres: ThrowawayPostgres) -> dict[str, str]:
    """Names of the demo's databases, by environment."""
    return restore_demo_databases(postgres)


@pytest.fixture(scope="session", params=LIVE_VERSIONS)
def live_version(request: pytest.FixtureRequest) -> str:
    version: str = request.param
    # The newest runs on every Python that this project runs on, so it is never left out.
    if version == "2.11.0" and not has_python(version):
        pytest.skip(f"no Python that Airflow {version} runs on is on this machine")
    return version


@pytest.fixture(scope="session")
def migrated_database(postgres: ThrowawayPostgres) -> Callable[[str], str]:
    """Make a database as the migrations of an Airflow version leave it; give its URL."""

    @cache
    def template(version: str) -> str:
        name = f"migrated_{version}"
        migrate(version, postgres.create_database(name))
        return name

    def make(version: str) -> str:
        name = f"airflow_{version}_{next(_numbers)}"
        return postgres.create_database(name, template=template(version))

    return make


@pytest.fixture
def filled_database(postgres: ThrowawayPostgres) -> Iterator[Callable[..., str]]:
    """Make a database with the tables of an Airflow version and generated rows; give its URL."""
    names: list[str] = []

    def make(version: str, rows: int = 20, **options: object) -> str:
        names.append(f"airflow_{next(_numbers)}")
        url = postgres.create_database(names[-1])
        schema = captured.load(version)
        captured.recreate(schema, url)
        fill(schema, url, rows, **options)
        return url

    yield make
    for name in names:
        postgres.drop_database(name)
