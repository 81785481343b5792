"""``make bench``: this pipeline, and others, on one machine, in one run.

Fills an Airflow 3.3.2 schema and copies its three big tables in several ways. What counts are the
ratios: the seconds depend on the machine. ``ROWS=10000000`` leaves the others out, and says how the
cost grew since the last run with fewer rows.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from bench.fill import change, fill
from bench.measure import HEADER, Measurement, measure
from tap_airflow_metadata.catalogue import load_catalogue
from tests.real_airflow.postgres import throwaway_postgres

ROOT = Path(__file__).resolve().parents[1]
UV = os.environ.get("UV", str(ROOT / ".tools" / "bin" / "uv"))
PEERS = ROOT / "output" / "bench"
MELTANO = str(ROOT / ".venv" / "bin" / "meltano")
TABLES = ("task_instance", "log", "dag_run")
SLUG = "bench"

COPY = "COPY BINARY to nowhere"
TAP = "our tap, one connection"
TAP_TWO = "our tap, two connections"
FIRST = "our meltano run, first"
IDLE = "our meltano run, nothing changed"
VERSIONS = "--version of Meltano, tap and target"
SECOND = "our meltano run, after a change"
FULL_BUILD = "our marts, all of it"
BUILD = "our marts, after a change"
REPORT = "our report of a year of them"
DLT = "dlt sql_database into DuckDB"
STOCK = "stock tap-postgres into stock target-duckdb"
# Beyond so many task instances, an hour changes a smaller share, and the others take hours.
FEW_ROWS = 1_000_000
# What is divided by what, and what it should be at most.
RATIOS = {
    "our tap / COPY BINARY": (TAP, COPY, 1.5),
    "the same with two connections": (TAP_TWO, COPY, 1.0),
    "our first run / COPY BINARY": (FIRST, COPY, 1.7),
    "our run of nothing / three --version": (IDLE, VERSIONS, 2.0),
    "our marts after a change / all of it": (BUILD, FULL_BUILD, 0.3),
}


def columns_of(table: str, database_url: str) -> list[str]:
    """Return the columns that the tap reads of a table by default, in this database."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "select column_name from information_schema.columns where table_name = %s", [table]
        ).fetchall()
    existing = {name for (name,) in found}
    catalogued = load_catalogue()[table].raw_columns()
    return [c.name for c in catalogued if c.name in existing and c.personal != "identity"]


def quoted(columns: list[str]) -> str:
    """Return the columns for a select."""
    return ", ".join(f'"{column}"' for column in columns)


class Bench:
    """The ways to copy the three tables, each as one measured command.

    Attributes:
        warehouse: The DuckDB file that our run loads.
    """

    def __init__(self, folder: Path, database_url: str, connections: int = 1) -> None:
        self.warehouse = folder / "ours.duckdb"
        self._folder = folder
        self._url = database_url
        self._columns = {table: columns_of(table, database_url) for table in TABLES}
        self._environment = {
            "TAP_AIRFLOW_METADATA_DATABASE_URL": database_url,
            "TAP_AIRFLOW_METADATA_TABLES": json.dumps(TABLES),
            "TAP_AIRFLOW_METADATA_ENVIRONMENT_SLUG": SLUG,
            "TAP_AIRFLOW_METADATA_CONNECTIONS": str(connections),
            "ENVIRONMENT_SLUG": SLUG,
            "TARGET_DUCKDB_PATH": str(self.warehouse),
            "AIRFLOW_AUDIT_TABLES_NOT_SYNCED": ",".join(
                f"{SLUG}.{table.name}"
                for table in load_catalogue().values()
                if table.read == "default" and table.name not in TABLES
            ),
            # A state of its own, so that the user's is left alone.
            "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
        }

    def _measure(self, name: str, command: list[str]) -> Measurement:
        log = PEERS / f"{name}.log"
        return measure(command, environment=self._environment, log=log)

    def copy_binary(self) -> Measurement:
        """COPY (FORMAT binary) of the same columns to a client that throws them away."""
        copies = [
            f"copy (select {quoted(columns)} from {table}) to stdout (format binary)"
            for table, columns in self._columns.items()
        ]
        script = (
            "import psycopg, sys\nwith psycopg.connect(sys.argv[1]) as connection:\n"
            f"    for statement in {copies!r}:\n"
            "        with connection.cursor().copy(statement) as received:\n"
            "            for _ in received: pass\n"
        )
        return self._measure("copy-binary", [sys.executable, "-c", script, self._url])

    def our_tap(self, connections: int) -> Measurement:
        """Our tap alone, as Parquet files."""
        storage = {"root": (self._folder / "spool").as_uri()}
        config = self._folder / "tap.json"
        config.write_text(
            json.dumps(
                {
                    "batch_config": {"encoding": {"format": "parquet"}, "storage": storage},
                    "connections": connections,
                }
            )
        )
        tap = str(Path(sys.executable).parent / "tap-airflow-metadata")
        return self._measure(
            f"our-tap-{connections}", [tap, "--config", "ENV", "--config", str(config)]
        )

    def our_run(self) -> Measurement:
        """A whole ``meltano run``; the first loads everything, the next what changed."""
        command = [MELTANO, "--cwd", str(ROOT), "run", "tap-airflow-metadata", "target-duckdb"]
        return self._measure("our-run", command)

    def versions(self) -> Measurement:
        """What the three programs of a run take to start, one after the other."""
        plugins = ROOT / ".meltano"
        programs = (
            MELTANO,
            plugins / "extractors/tap-airflow-metadata/venv/bin/tap-airflow-metadata",
            plugins / "loaders/target-duckdb/venv/bin/target-duckdb",
        )
        line = " && ".join(f"{shlex.quote(str(program))} --version" for program in programs)
        return self._measure("versions", ["bash", "-c", line])

    def our_first_run(self) -> Measurement:
        """The first one, whatever was loaded before."""
        for made in self._folder.glob("ours.duckdb*"):
            made.unlink()
        (self._folder / "meltano.db").unlink(missing_ok=True)
        return self.our_run()

    def our_build(self) -> Measurement:
        """Build and test the marts; the first builds everything, the next what changed."""
        command = [MELTANO, "--cwd", str(ROOT), "invoke", "dbt:build"]
        return self._measure("our-build", command)

    def our_report(self) -> Measurement:
        """Report on a year; the size of the file is told."""
        page = self._folder / "report.html"
        command = [MELTANO, "--cwd", str(ROOT), "invoke", "audit-report", "--days=365"]
        measured = self._measure("our-report", [*command, f"--output={page}"])
        print(f"  the report has {page.stat().st_size / 1e6:.1f} MB")
        return measured

    def stock_pair(self) -> Measurement:
        """Stock tap-postgres into stock target-duckdb, the same columns."""
        tap = ROOT / ".meltano" / "extractors" / "tap-postgres" / "venv" / "bin" / "tap-postgres"
        target = peer("target-duckdb") / "bin" / "target-duckdb"
        tap_config = self._folder / "stock-tap.json"
        tap_config.write_text(
            json.dumps({"sqlalchemy_url": self._url, "filter_schemas": ["public"]})
        )
        target_config = self._folder / "stock-target.json"
        target_config.write_text(
            json.dumps(
                {
                    "filepath": str(self._folder / "stock-pair.duckdb"),
                    "default_target_schema": "stock",
                    "add_metadata_columns": True,
                }
            )
        )
        found = subprocess.run(
            [tap, "--config", tap_config, "--discover"], check=True, capture_output=True
        )
        catalog = self._folder / "stock-catalog.json"
        catalog.write_text(json.dumps(self._selected(json.loads(found.stdout))))
        sends = shlex.join([str(tap), "--config", str(tap_config), "--catalog", str(catalog)])
        loads = shlex.join([str(target), "--config", str(target_config)])
        pipe = f"{sends} | {loads}"
        return self._measure("stock-pair", ["bash", "-o", "pipefail", "-c", pipe])

    def _selected(self, catalog: dict[str, Any]) -> dict[str, Any]:
        streams = []
        for stream in catalog["streams"]:
            table = stream["tap_stream_id"].removeprefix("public-")
            if table not in TABLES:
                continue
            for entry in stream["metadata"]:
                name = entry["breadcrumb"][-1] if entry["breadcrumb"] else None
                chosen = name is None or name in self._columns[table]
                entry["metadata"] |= {"selected": chosen}
            streams.append(stream)
        return {"streams": streams}

    def dlt_sql_database(self) -> Measurement:
        """Copy with dlt's sql_database its Arrow backend into DuckDB, the same columns."""
        tables = [f"{table}:{','.join(columns)}" for table, columns in self._columns.items()]
        command = [str(peer("dlt") / "bin" / "python"), str(ROOT / "bench" / "dlt_peer.py")]
        warehouse = str(self._folder / "dlt.duckdb")
        return self._measure("dlt", [*command, self._url, warehouse, *tables])

    def rows(self, file: str, schema: str) -> int:
        """Return how many rows of the three tables a DuckDB file holds."""
        with duckdb.connect(str(self._folder / file), read_only=True) as connection:
            counts = [
                connection.execute(f'select count(*) from "{schema}"."{table}"').fetchone()
                for table in TABLES
            ]
        return sum(count[0] for count in counts if count)


def peer(name: str) -> Path:
    """Return the environment of a peer, made at the first call."""
    folder = PEERS / f"venv-{name}"
    if not (folder / "done").exists():
        requirements = ROOT / "requirements" / f"bench-{name}.txt"
        venv = [UV, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)]
        subprocess.run(venv, check=True)
        install = [
            UV,
            "pip",
            "install",
            "--quiet",
            "--python",
            str(folder),
            "-r",
            str(requirements),
        ]
        subprocess.run(install, check=True)
        (folder / "done").touch()
    return folder


def run(database_url: str, folder: Path, rows: int) -> dict[str, Measurement]:
    """Measure every way and print a line for each.

    Args:
        database_url: A database that was filled.
        folder: For everything that is made.
        rows: Rows of task_instance and of log, each; dag_run has a tenth of that.
    """
    bench = Bench(folder, database_url)
    one_in = 100 if rows <= FEW_ROWS else 1000
    print(f"\n  {rows:,} task instances and events each; then one in {one_in} changed\n{HEADER}")
    results: dict[str, Measurement] = {}

    def step(label: str, run_it: Callable[[], Measurement]) -> None:
        results[label] = run_it()
        print(results[label].row(label), flush=True)

    step(COPY, bench.copy_binary)
    step(TAP, lambda: bench.our_tap(1))
    step(TAP_TWO, lambda: bench.our_tap(2))
    step(FIRST, bench.our_run)
    expected, loaded = rows * 21 // 10, bench.rows("ours.duckdb", f"airflow_{SLUG}")
    if loaded != expected:
        msg = f"our run loaded {loaded:,} of {expected:,} rows"
        raise RuntimeError(msg)
    step(IDLE, bench.our_run)
    step(VERSIONS, bench.versions)
    step(FULL_BUILD, bench.our_build)
    change(database_url, logs=rows, one_in=one_in)
    step(SECOND, bench.our_run)
    step(BUILD, bench.our_build)
    step(REPORT, bench.our_report)
    if rows <= FEW_ROWS:
        step(DLT, bench.dlt_sql_database)
        step(STOCK, bench.stock_pair)
        missing = bench.rows("dlt.duckdb", "peer") - bench.rows("stock-pair.duckdb", "stock")
        print(f"  the stock pair left out {missing:,} rows and reported success")
    return results


def say_ratios(results: Mapping[str, Measurement]) -> None:
    """Print what depends on the machine least."""
    seconds = {name: result.seconds for name, result in results.items()}
    print()
    for label, (way, other, aim) in RATIOS.items():
        print(f"  {label:<46} {seconds[way] / seconds[other]:6.2f}  (aim: {aim})")
    if STOCK in seconds:
        print(f"  {'stock pair / our first run':<46} {seconds[STOCK] / seconds[FIRST]:6.1f}")
        print(f"  {'dlt sql_database / our first run':<46} {seconds[DLT] / seconds[FIRST]:6.1f}")


def say_growth(results: Mapping[str, Measurement], rows: int) -> None:
    """Compare with the largest earlier run of fewer rows, and keep this one for later ones."""
    runs = {int(path.stem): path for path in (PEERS / "results").glob("*.json")}
    if earlier := max((size for size in runs if size < rows), default=None):
        before = json.loads(runs[earlier].read_text())
        print(f"\n  {rows // earlier} times the rows of the run with {earlier:,} took")
        for name, result in results.items():
            if name in before:
                print(f"  {name:<46} {result.seconds / before[name]:6.1f} times as long")
    (PEERS / "results").mkdir(exist_ok=True)
    seconds = {name: result.seconds for name, result in results.items()}
    (PEERS / "results" / f"{rows}.json").write_text(json.dumps(seconds))


def main() -> None:
    """Fill a throw-away database and measure."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=FEW_ROWS, help="task instances, and events")
    rows = parser.parse_args().rows
    PEERS.mkdir(parents=True, exist_ok=True)
    with throwaway_postgres(tcp=True) as postgres, tempfile.TemporaryDirectory() as folder:
        postgres.create_database("bench")
        database_url = postgres.tcp_url("bench")  # stock tap-postgres takes nothing else
        print("Filling an Airflow 3.3.2 database …", flush=True)
        fill(database_url, runs=rows // 10, tasks_per_run=10, logs=rows)
        results = run(database_url, Path(folder), rows)
    say_ratios(results)
    say_growth(results, rows)


if __name__ == "__main__":
    main()
