"""The demo's two environments, loaded into every warehouse: the marts are the same in all four.

The reference is DuckDB, whose marts tests/demo compares with the source.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import thinned_out
from tests.load.loaded_duckdb import LoadedDuckDB
from tests.load.loaded_warehouse import LoadedWarehouse
from tests.real_airflow.postgres import ThrowawayPostgres
from tests.stand_ins import CLOUD_WAREHOUSES
from tests.transform.mart_rows import MARTS
from tests.transform.running_dbt import WHAT_GOES_ON, WITHOUT_TESTS
from tests.warehouses.compared_rows import approximately, rows
from tests.warehouses.dbt_runs import run_dbt, run_report
from tests.warehouses.demo_syncs import Sync
from tests.warehouses.stand_ins import running_warehouse

# The rows are compared with those of DuckDB, where tests/transform runs every test of dbt's.
BUILD = ("build", *WITHOUT_TESTS)
# Each shows another part of the SQL at work: joins of histories, times, quotes, windows, text.
NUMBERS = {
    "task instances that failed": "select count(*) from fct_task_instances where state = 'failed'",
    "tries beyond the first": "select count(*) from fct_task_attempts where is_retry",
    "seconds that tasks ran": "select sum(duration_seconds) from fct_task_attempts",
    "latest landing": "select max(landing_delay_seconds) from fct_dag_runs",
    "who may delete a run": (
        "select count(distinct user_key) from fct_user_permissions"
        " where action_name = 'can_delete' and resource_name = 'DAG Runs'"
    ),
    "what people did": "select count(*) from fct_audit_events where is_human",
    "slow days": "select sum(duration_p95_seconds) from agg_tasks_daily",
    "slots that were full": "select sum(saturation_share) from agg_pools_hourly",
    "tasks that look stuck": "select count(*) from rpt_stuck_work",
    "slot hours": "select sum(slot_hours) from rpt_cost_allocation",
}
# The first test of a warehouse loads and builds twice, which takes minutes on a busy machine.
pytestmark = [pytest.mark.stand_in, pytest.mark.timeout(2400)]
# Of larger marts the counts and the numbers have to do: stand-ins are slow to read.
FEW_ROWS = 5000
# What counts until the moment of the build: columns, and a rule's findings.
BY_THE_CLOCK = {"lag_seconds"}
RULE_BY_THE_CLOCK = "late_syncs"


@dataclass(frozen=True)
class Built:
    """A warehouse with the marts of both environments.

    Attributes:
        marts: The schema with the marts.
        folder: What dbt wrote.
    """

    marts: LoadedWarehouse
    folder: Path

    def count(self, mart: str) -> int:
        [(count,)] = self.marts.query(f"select count(*) from {mart}")
        return count

    def number(self, query: str) -> object:
        [(number,)] = self.marts.query(query)
        return number

    def rows(self, mart: str) -> list[list[object]]:
        found = rows(self.marts, mart, BY_THE_CLOCK)
        return [row for row in found if RULE_BY_THE_CLOCK not in row]

    def figures(self) -> dict[str, tuple[list[str], bool, list[list[object]]]]:
        """Columns, whether there are more rows, and rows of each figure of the report."""
        report = run_report(self.marts, self.folder)
        return {
            figure["name"]: _figure(figure)
            for section in report["sections"]
            for figure in section["figures"]
        }


def _one_test_of_each_kind(folder: Path) -> list[str]:
    """Return the names of a generic test of each kind, and of all others."""
    nodes = json.loads((folder / "target/manifest.json").read_text())["nodes"].values()
    tests = [node for node in nodes if node["resource_type"] == "test"]
    kinds = {(test.get("test_metadata") or test)["name"]: test["name"] for test in tests}
    return sorted(kinds.values())


def _figure(figure: dict[str, Any]) -> tuple[list[str], bool, list[list[object]]]:
    names = [column["name"] for column in figure["columns"]]
    timeless = [place for place, name in enumerate(names) if name not in BY_THE_CLOCK]
    rows = [[_alike_in_json(row[place]) for place in timeless] for row in figure["rows"]]
    # Texts are sorted by other rules elsewhere, so others may be cut.
    return (
        names,
        figure["is_cut"],
        [] if figure["is_cut"] else sorted(rows, key=_without_last_digits),
    )


def _alike_in_json(value: object) -> object:
    return float(value) if isinstance(value, int | float) else value


def _without_last_digits(row: list[object]) -> str:
    return repr([f"{value:.6g}" if isinstance(value, float) else value for value in row])


@pytest.fixture(scope="session")
def syncs(
    postgres: ThrowawayPostgres,
    demo_databases: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Sync]:
    folder = tmp_path_factory.mktemp("syncs")
    return [
        # Stand-ins are slow.
        Sync(slug, postgres.url(thinned_out(postgres, demo, keep_one_in=4)), folder / slug)
        for slug, demo in demo_databases.items()
    ]


@pytest.fixture(scope="session")
def build(
    syncs: list[Sync], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[LoadedWarehouse], Built]:
    """Load the first environment, build what is kept; load the second, build on, and test."""

    def build(warehouse: LoadedWarehouse) -> Built:
        folder = tmp_path_factory.mktemp("built")
        first, _ = slugs = [sync.slug for sync in syncs]
        both = ",".join(slugs)
        for sync, environments, selection in zip(
            syncs, (first, both), (WHAT_GOES_ON, ()), strict=True
        ):
            into = warehouse.with_schema(f"airflow_{sync.slug}")
            into.load(*sync.messages(folder / sync.slug))
            print(run_dbt(warehouse, folder, *BUILD, *selection, ENVIRONMENT_SLUGS=environments))
        tests = ("test", "--select", *_one_test_of_each_kind(folder))
        print(run_dbt(warehouse, folder, *tests, ENVIRONMENT_SLUGS=both))
        return Built(warehouse.with_schema("airflow_audit"), folder)

    return build


@pytest.fixture(scope="session")
def reference(
    build: Callable[[LoadedWarehouse], Built], tmp_path_factory: pytest.TempPathFactory
) -> Built:
    return build(LoadedDuckDB(tmp_path_factory.mktemp("duckdb")))


@pytest.fixture(scope="module", params=CLOUD_WAREHOUSES)
def built(
    request: pytest.FixtureRequest,
    build: Callable[[LoadedWarehouse], Built],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Built]:
    with running_warehouse(request.param, tmp_path_factory.mktemp(request.param)) as warehouse:
        yield build(warehouse)


def test_every_mart_has_as_many_rows(built: Built, reference: Built) -> None:
    counts = {mart: reference.count(mart) for mart in MARTS}
    assert sum(count > 0 for count in counts.values()) > len(counts) - 5
    assert {mart: built.count(mart) for mart in MARTS} == counts


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(built: Built, reference: Built, name: str) -> None:
    expected = reference.number(NUMBERS[name])
    assert expected
    assert float(built.number(NUMBERS[name])) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("mart", MARTS)
def test_every_row_of_smaller_marts(built: Built, reference: Built, mart: str) -> None:
    if reference.count(mart) > FEW_ROWS:
        pytest.skip(f"more than {FEW_ROWS} rows; counted above")
    assert built.rows(mart) == [approximately(row) for row in reference.rows(mart)]


def test_every_figure_of_the_report(built: Built, reference: Built) -> None:
    figures, expected = built.figures(), reference.figures()
    assert sum(bool(shown) for _, _, shown in expected.values()) > len(expected) - 5
    for name, (columns, is_cut, shown) in expected.items():
        assert figures[name][:2] == (columns, is_cut), name
        assert figures[name][2] == [approximately(row) for row in shown], name
