"""`make smoke`: the whole pipeline in a real warehouse, in schemas that are dropped at the end.

The login is that of the loader: environment variables TARGET_<WAREHOUSE>_…, as in docs/warehouses.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from psycopg import sql

from airflow_snapshot import archive
from airflow_snapshot.database import parse_address
from demo.environments import ENVIRONMENTS, METADATA
from tests.real_airflow.postgres import ThrowawayPostgres, execute, throwaway_postgres

ROOT = Path(__file__).parents[2]
WAREHOUSES = ("duckdb", "snowflake", "redshift", "bigquery")
MELTANO = ROOT / ".venv" / "bin" / "meltano"
SHOWN_LINES = 40


class Smoke:
    """One run in one warehouse.

    Attributes:
        seconds: What each step took, by its title.
        marts: Rows of each mart after the last build.
    """

    def __init__(self, warehouse: str, folder: Path) -> None:
        self.warehouse = warehouse
        self.seconds: dict[str, float] = {}
        self.marts: dict[str, int] = {}
        self._folder = folder
        self._loader = f"target-{warehouse}"
        suffix = "" if warehouse == "duckdb" else f"-{warehouse}"
        self._dbt, self._report = f"dbt{suffix}", f"audit-report{suffix}"
        name = f"smoke_{secrets.token_hex(3)}"
        self._slugs = {e.slug: f"{name}_{e.slug}" for e in ENVIRONMENTS}
        self._environment = {
            variable: value
            for variable, value in os.environ.items()
            if not variable.startswith(("AIRFLOW_", "AUDIT_REPORT_"))
        } | {
            "AIRFLOW_AUDIT_SCHEMA": f"airflow_{name}",
            "ENVIRONMENT_SLUGS": ",".join(self._slugs.values()),
            "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }

    def run(self, server: ThrowawayPostgres) -> None:
        """Sync both of the demo's environments, build, change them, do both again, and report."""
        with self._step("Restore the demo's two Airflow databases"):
            for slug in self._slugs:
                address = parse_address(server.create_database(slug), "demo")
                snapshot = next(e.snapshot_name for e in ENVIRONMENTS if e.slug == slug)
                archive.load(METADATA / f"{snapshot}.dump", address)
        try:
            self._sync(server, "first sync")
            self._build("first build, with all tests")
            for slug in self._slugs:
                _change(server.url(slug))
            self._sync(server, "second sync, one row new and one gone")
            self._build("second build, incremental")
            with self._step("Report of all figures"):
                self._meltano("invoke", self._report, "--output", str(self._folder / "report.html"))
            with self._step("Count the marts"):
                lines = self._meltano(
                    "invoke", self._dbt, "--quiet", "run-operation", "count_marts"
                )
                found = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
                self.marts = {told["mart"]: told["rows"] for told in found}
        finally:
            with self._step("Drop all of it"):
                slugs = json.dumps({"slugs": list(self._slugs.values())})
                drop = ("run-operation", "drop_throwaway_schemas", "--args", slugs)
                self._meltano("invoke", self._dbt, *drop)

    def report(self) -> str:
        """What to paste into docs/support.md."""
        day = datetime.now(timezone.utc).date()
        steps = "; ".join(f"{title} {seconds:.0f} s" for title, seconds in self.seconds.items())
        rows = sum(self.marts.values())
        return (
            f"| {self.warehouse} | {day} | {self._versions()} | {steps} |"
            f" {len(self.marts)} marts, {rows:,} rows, all data tests passed |"
        )

    def _sync(self, server: ThrowawayPostgres, title: str) -> None:
        for slug, own in self._slugs.items():
            with self._step(f"{slug}: {title}"):
                source = {
                    "ENVIRONMENT_SLUG": own,
                    "TAP_AIRFLOW_METADATA_DATABASE_URL": server.url(slug),
                }
                self._meltano("run", "tap-airflow-metadata", self._loader, **source)

    def _build(self, title: str) -> None:
        with self._step(f"dbt: {title}"):
            self._meltano("invoke", f"{self._dbt}:build")

    def _versions(self) -> str:
        listed = self._meltano("invoke", self._dbt, "--version")
        [adapter] = re.findall(rf"- {self.warehouse}: +(\S+)", listed)
        return f"dbt-{self.warehouse} {adapter}"

    def _meltano(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [str(MELTANO), "--log-level=info", *arguments],
            cwd=ROOT,
            env=self._environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            told = "\n".join((done.stdout + done.stderr).splitlines()[-SHOWN_LINES:])
            sys.exit(f"\n{told}\n\nmeltano {' '.join(arguments)} failed: {done.returncode}")
        return done.stdout

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        begun = time.monotonic()
        print(f"  {title:<56}", end="", flush=True)
        yield
        self.seconds[title] = time.monotonic() - begun
        print(f"{self.seconds[title]:7.1f} s", flush=True)


def _change(database_url: str) -> None:
    execute(
        database_url,
        sql.SQL("insert into log (dttm, event, owner) values (now(), 'smoke', 'smoke')"),
        sql.SQL("delete from variable where id = (select max(id) from variable)"),
    )


def main() -> None:
    """Run it in the warehouse that is named, and print the report."""
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument("warehouse", choices=WAREHOUSES, help="WAREHOUSE=…")
    warehouse: str = parser.parse_args().warehouse
    print(f"\nThe pipeline in {warehouse}, with the login in TARGET_{warehouse.upper()}_…\n")
    with tempfile.TemporaryDirectory(prefix="smoke-") as folder, throwaway_postgres() as server:
        smoke = Smoke(warehouse, Path(folder))
        smoke.run(server)
        print(f"\nFor docs/support.md:\n\n{smoke.report()}")


if __name__ == "__main__":
    main()
