"""``make bench``: this pipeline against others, on one machine, in one run.

Fills an Airflow 3.3.2 schema and copies its three big tables in several ways. What counts are the
ratios: the seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from bench.fill import change_one_percent, fill
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
TAP = "our tap"
FIRST = "our meltano run, first"
SECOND = "our meltano run, after 1 % changed"
FULL_BUILD = "our marts, all of it"
BUILD = "our marts, after 1 % changed"
REPORT = "our report of a year of them"
DLT = "dlt sql_database into DuckDB"
STOCK = "stock tap-postgres into stock target-duckdb"
OURS = (TAP, FIRST, SECOND)


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
    """The ways to copy the three tables, each as one measured command."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder = folder
        self._url = database_url
        self._columns = {table: columns_of(table, database_url) for table in TABLES}
        self._environment = {
            "TAP_AIRFLOW_METADATA_DATABASE_URL": database_url,
            "TAP_AIRFLOW_METADATA_TABLES": json.dumps(TABLES),
            "TAP_AIRFLOW_METADATA_ENVIRONMENT_SLUG": SLUG,
            "ENVIRONMENT_SLUG": SLUG,
            "TARGET_DUCKDB_PATH": str(folder / "ours.duckdb"),
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

    def our_tap(self) -> Measurement:
        """Our tap alone, as Parquet files."""
        storage = {"root": (self._folder / "spool").as_uri()}
        config = self._folder / "tap.json"
        config.write_text(
            json.dumps({"batch_config": {"encoding": {"format": "parquet"}, "storage": storage}})
        )
        tap = str(Path(sys.executable).parent / "tap-airflow-metadata")
        return self._measure("our-tap", [tap, "--config", "ENV", "--config", str(config)])

    def our_run(self) -> Measurement:
        """A whole ``meltano run``; the first loads everything, the next what changed."""
        command = [MELTANO, "--cwd", str(ROOT), "run", "tap-airflow-metadata", "target-duckdb"]
        return self._measure("our-run", command)

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


def run(database_url: str, folder: Path, rows: int, *, logs: int) -> None:
    """Measure every way and print a line for each, and the ratios."""
    bench = Bench(folder, database_url)
    print(f"\n  three tables, {rows:,} rows\n{HEADER}")
    results: dict[str, Measurement] = {}

    def step(label: str, run_it: Callable[[], Measurement]) -> None:
        results[label] = run_it()
        print(results[label].row(label), flush=True)

    step(COPY, bench.copy_binary)
    step(TAP, bench.our_tap)
    step(FIRST, bench.our_run)
    loaded = bench.rows("ours.duckdb", f"airflow_{SLUG}")
    if loaded != rows:
        msg = f"our run loaded {loaded:,} of {rows:,} rows"
        raise RuntimeError(msg)
    step(FULL_BUILD, bench.our_build)
    change_one_percent(database_url, logs=logs)
    step(SECOND, bench.our_run)
    step(BUILD, bench.our_build)
    step(REPORT, bench.our_report)
    step(DLT, bench.dlt_sql_database)
    step(STOCK, bench.stock_pair)
    missing = bench.rows("dlt.duckdb", "peer") - bench.rows("stock-pair.duckdb", "stock")
    print(f"  the stock pair left out {missing:,} rows and reported success")
    _say_ratios(results)


def _say_ratios(results: dict[str, Measurement]) -> None:
    seconds = {name: result.seconds for name, result in results.items()}
    ours = [result.peak_bytes for name, result in results.items() if name in OURS]
    first = seconds[FIRST]
    print(f"""
  our tap / COPY BINARY              {seconds[TAP] / seconds[COPY]:6.1f}   (aim: at most 2.5)
  stock pair / our run               {seconds[STOCK] / first:6.1f}   (aim: at least 10)
  dlt sql_database / our run         {seconds[DLT] / first:6.1f}
  our second run / our first         {seconds[SECOND] / first:6.2f}   (aim: at most 0.2)
  largest process of our runs        {max(ours) / 1e6:6.0f} MB (aim: at most 1,000)
  our marts, all of it               {seconds[FULL_BUILD]:6.0f} s  (aim: at most 60, two free cores)
  our marts, after 1 % changed       {seconds[BUILD]:6.0f} s  (dbt alone takes about half of it)
  our report of a year of them       {seconds[REPORT]:6.0f} s  (aim: at most 15)
""")


def main() -> None:
    """Fill a throw-away database and measure."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="DAG runs, ten tasks each")
    parser.add_argument("--logs", type=int, default=1_000_000, help="log rows")
    arguments = parser.parse_args()
    PEERS.mkdir(parents=True, exist_ok=True)
    with throwaway_postgres(tcp=True) as postgres, tempfile.TemporaryDirectory() as folder:
        postgres.create_database("bench")
        database_url = postgres.tcp_url("bench")  # stock tap-postgres takes nothing else
        print("Filling an Airflow 3.3.2 database …", flush=True)
        fill(database_url, runs=arguments.runs, tasks_per_run=10, logs=arguments.logs)
        rows = 11 * arguments.runs + arguments.logs
        run(database_url, Path(folder), rows, logs=arguments.logs)


if __name__ == "__main__":
    main()
