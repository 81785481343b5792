"""``make bench-snapshots``: snapshots against plain pg_dump and pg_restore, in one run.

Fills an Airflow 3.3.2 database, and takes, tests and restores it both ways. What counts are the
ratios: the seconds depend on the machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from airflow_snapshot.embedded_postgres import PROGRAMS
from bench.fill import fill
from bench.measure import HEADER, Measurement, measure
from tests.real_airflow.postgres import ThrowawayPostgres, execute, throwaway_postgres

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "output" / "bench"
PROGRAM = str(Path(sys.executable).with_name("airflow-snapshot"))


def run(postgres: ThrowawayPostgres, source: str, folder: Path) -> None:
    """Measure every way, print a line for each, and the ratios."""
    environment = {
        "AIRFLOW_SNAPSHOT_LOCATION": str(folder / "snapshots"),
        "AIRFLOW_SNAPSHOT_SOURCE": source,
        "AIRFLOW_SNAPSHOT_INTO": postgres.url("ours"),
        "ENVIRONMENT_SLUG": "bench",
        "TMPDIR": str(folder),
    }

    def step(label: str, *command: str) -> Measurement:
        log = LOGS / f"{label.replace(' ', '-')}.log"
        result = measure(list(command), environment=environment, log=log)
        print(result.row(label), flush=True)
        return result

    pg_dump, pg_restore = str(PROGRAMS / "pg_dump"), str(PROGRAMS / "pg_restore")
    plain = str(folder / "plain.dump")
    print(f"\n{HEADER}")
    dump = step("pg_dump -Fc", pg_dump, "-Fc", f"--file={plain}", source)
    fast = step("pg_dump -Fc --compress=gzip:1", pg_dump, "-Fc", "-Zgzip:1", "-f", plain, source)
    restore = step("pg_restore", pg_restore, "-d", postgres.create_database("plain_1"), plain)
    jobs = step(
        "pg_restore --jobs=2", pg_restore, "-j2", "-d", postgres.create_database("plain_2"), plain
    )
    for database in ("plain_1", "plain_2"):
        execute(postgres.url("postgres"), f"drop database {database}")
    taken = step("airflow-snapshot take", PROGRAM, "take")
    verified = step("airflow-snapshot verify", PROGRAM, "verify")
    restored = step("airflow-snapshot restore", PROGRAM, "restore")
    print(f"""
  take / pg_dump                     {taken.seconds / dump.seconds:6.2f}   (aim: at most 1.3)
  take / pg_dump --compress=gzip:1   {taken.seconds / fast.seconds:6.2f}
  verify / pg_restore                {verified.seconds / restore.seconds:6.2f}   (aim: at most 1.3)
  restore / pg_restore               {restored.seconds / restore.seconds:6.2f}   (aim: at most 1.3)
  restore / pg_restore --jobs=2      {restored.seconds / jobs.seconds:6.2f}
""")


def main() -> None:
    """Fill a throw-away database and measure."""
    parser = argparse.ArgumentParser(prog="make bench-snapshots", description=__doc__)
    parser.add_argument("--runs", type=int, default=650_000, help="DAG runs, ten tasks each")
    parser.add_argument("--logs", type=int, default=6_500_000, help="log rows")
    arguments = parser.parse_args()
    LOGS.mkdir(parents=True, exist_ok=True)
    with throwaway_postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        # As root, the embedded server runs as another user.
        Path(folder).chmod(0o755)
        source = postgres.create_database("source")
        print("Filling an Airflow 3.3.2 database …", flush=True)
        fill(source, runs=arguments.runs, tasks_per_run=10, logs=arguments.logs)
        size = execute(source, "select pg_database_size(current_database()) / 1e9").fetchone()
        print(f"{size[0] if size else 0:.1f} GB, {11 * arguments.runs + arguments.logs:,} rows")
        run(postgres, source, Path(folder))


if __name__ == "__main__":
    main()
