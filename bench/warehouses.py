"""``make bench-warehouses``: a million task instances into each, by its loader's fast path.

Beside ours, MeltanoLabs' target-snowflake gets the same rows as Singer's RECORD messages.

The cloud warehouses are stand-ins on this machine: what is measured is what the loader does, and
how fast the stand-in takes it, not how fast the warehouse is.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.fill import change, fill
from bench.measure import HEADER, Measurement, measure
from bench.run import PEERS, SLUG, peer
from tests.load.loaded_duckdb import LoadedDuckDB
from tests.load.loaded_warehouse import LoadedWarehouse
from tests.real_airflow.postgres import throwaway_postgres
from tests.stand_ins import CLOUD_WAREHOUSES
from tests.warehouses.stand_ins import running_warehouse

TABLE = "task_instance"
TAP = str(Path(sys.executable).with_name("tap-airflow-metadata"))
# All rows, and those of the last change.
COUNTS = (
    f"select count(*) from {TABLE}",
    f"select count(*) from {TABLE} where updated_at = (select max(updated_at) from {TABLE})",
)


@dataclass(frozen=True)
class Loader:
    """A loader, and the schema that it loads.

    Attributes:
        name: Of the loader.
        command: Its program.
        config: Its settings.
        warehouse: To look into the schema.
        batch_config: How the tap passes files on; None if it sends records.
    """

    name: str
    command: str
    config: dict[str, Any]
    warehouse: LoadedWarehouse
    batch_config: dict[str, Any] | None


def _ours(name: str, folder: Path, warehouse: LoadedWarehouse) -> Loader:
    files = {"storage": {"root": (folder / "spool").as_uri()}, "encoding": {"format": "parquet"}}
    return Loader(f"target-{name}", warehouse.command, warehouse.config, warehouse, files)


def _published(warehouse: LoadedWarehouse) -> Loader:
    """MeltanoLabs' target-snowflake, which gets the same rows as RECORD messages."""
    own = warehouse.with_schema("airflow_stock")
    config = own.config | {"timestamp_type": "TIMESTAMP_TZ", "uuid_format": "string"}
    config["database"] = config["database"].upper()  # it looks for the name as it is kept
    command = str(peer("target-snowflake") / "bin" / "target-snowflake")
    return Loader("stock target-snowflake", command, config, own, None)


def _load(
    loader: Loader, folder: Path, database_url: str, *, state: Path | None = None
) -> Measurement:
    """Run tap and loader; with a state, only what changed since is read."""
    tap, target = folder / "tap.json", folder / "target.json"
    tap.write_text(
        json.dumps(
            {
                "database_url": database_url,
                "environment_slug": SLUG,
                "tables": [TABLE],
                "batch_config": loader.batch_config,
            }
        )
    )
    target.write_text(json.dumps(loader.config))
    sends = [TAP, "--config", str(tap)]
    if state:
        sends += ["--state", str(state)]
    loads = [loader.command, "--config", str(target)]
    told = folder / "told.jsonl"
    pipe = f"{shlex.join(sends)} | {shlex.join(loads)} > {shlex.quote(str(told))}"
    name = loader.name.replace(" ", "-") + ("-again" if state else "")
    measured = measure(
        ["bash", "-o", "pipefail", "-c", pipe],
        environment=loader.warehouse.environment,
        log=PEERS / f"{name}.log",
    )
    # The last STATE, as Singer takes it back.
    (folder / "state.json").write_text(told.read_text().splitlines()[-1])
    return measured


def _measure(loader: Loader, folder: Path, database_url: str) -> Measurement:
    """Load first and after a change, print a line for each, and return the first."""
    first = _load(loader, folder, database_url)
    print(first.row(f"{loader.name}, first"), flush=True)
    _require_all(database_url, loader)
    change(database_url, logs=0, one_in=100)
    second = _load(loader, folder, database_url, state=folder / "state.json")
    print(second.row(f"{loader.name}, after 1 % changed"), flush=True)
    _require_all(database_url, loader)
    return first


def _require_all(database_url: str, loader: Loader) -> None:
    with psycopg.connect(database_url) as source:
        for query in COUNTS:
            expected = source.execute(query).fetchall()
            loaded = loader.warehouse.query(query)
            if loaded != expected:
                msg = f"{loader.name}: {loaded} instead of {expected} from {query}"
                raise RuntimeError(msg)


def run(database_url: str, folder: Path, rows: int) -> None:
    """Measure every loader, and a published one, and print two lines for each."""
    peer("target-snowflake")  # while the network is not a stand-in's
    print(f"\n  one table, {rows:,} rows\n{HEADER}")
    for name in ("duckdb", *CLOUD_WAREHOUSES):
        own = folder / name
        own.mkdir()
        with ExitStack() as stack:
            warehouse: LoadedWarehouse = (
                LoadedDuckDB(own)
                if name == "duckdb"
                else stack.enter_context(running_warehouse(name, own))
            )
            ours = _measure(_ours(name, own, warehouse), own, database_url)
            if name == "snowflake":
                stock = _measure(_published(warehouse), own, database_url)
                ratio = stock.seconds / ours.seconds
                print(f"  stock target-snowflake / ours, first   {ratio:6.1f}", flush=True)


def main() -> None:
    """Fill a throw-away database and measure."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="DAG runs, ten tasks each")
    runs: int = parser.parse_args().runs
    PEERS.mkdir(parents=True, exist_ok=True)
    with throwaway_postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        database_url = postgres.create_database("bench")
        print("Filling an Airflow 3.3.2 database …", flush=True)
        fill(database_url, runs=runs, tasks_per_run=10, logs=0)
        run(database_url, Path(folder), 10 * runs)


if __name__ == "__main__":
    main()
