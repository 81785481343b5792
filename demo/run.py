"""`make demo`: two Airflow databases, copied into one DuckDB file, with marts and a report.

The databases are snapshots, which the demo brings: of each there is an earlier one, so that the
marts can tell what changed, and what is gone.

Everything is kept in `output/`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

import duckdb

from demo.environments import ENVIRONMENTS, METADATA, Environment
from demo.findings import print_findings
from demo.present import EARLIER, NOW

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / "output" / "demo"
WAREHOUSE = ROOT / "output" / "demo.duckdb"
REPORT = ROOT / "output" / "demo.html"
ANSWERS = STATE / "answers.txt"
"""What the report printed."""
MELTANO_STATE = STATE / "meltano.db"
"""A state of its own: that of the demo must never count for a real Airflow of the same slug."""

OURS = (
    *("AIRFLOW_AUDIT_", "AIRFLOW_SNAPSHOT_", "AUDIT_REPORT_", "DBT_", "ENVIRONMENT_SLUG"),
    *("TAP_AIRFLOW_METADATA_", "TARGET_DUCKDB_"),
)
"""How environment variables begin that would point the demo at the user's own Airflow."""

LEAVERS = ROOT / "demo" / "company" / "leavers.csv"
SOURCES = (
    LEAVERS,
    *(
        ROOT / name
        for name in (
            *("meltano.yml", "demo/metadata", "extract", "load", "report", "requirements"),
            *("snapshot", "transform"),
        )
    ),
)
MADE = {"__pycache__", "dbt_packages", "logs", "target"}
"""Folders with what dbt and Python make."""

COST_PER_SLOT_HOUR = 0.8

MADE_FROM = STATE / "made-from.txt"
"""Hash of what the warehouse was made from; missing while it is not complete."""

SHOWN_LINES = 25


class DemoError(Exception):
    """A step failed; the message says which, why, and where its whole output is."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print a line with the title and, when the step is done, its seconds."""
    begun = time.monotonic()
    print(f"  {title:<62}", end="", flush=True)
    try:
        yield
    except BaseException:
        print(" failed")
        raise
    print(f"{time.monotonic() - begun:6.1f} s", flush=True)


def main() -> None:
    """Run the demo, and end with an exit code that tells whether all went well."""
    begun = time.monotonic()
    try:
        _run()
    except DemoError as error:
        sys.exit(f"\nThe demo stopped. {error}")
    except duckdb.IOException as error:
        sys.exit(
            f"\nThe demo stopped: {_shown(WAREHOUSE)} cannot be opened; another program has it?"
            f" {error}"
        )
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; make demo begins anew.")
    print(f"\nAll of it in {time.monotonic() - begun:.0f} s.")


def _run() -> None:
    meltano = Path(sys.executable).parent / "meltano"
    if not meltano.exists():
        msg = "Meltano is not installed here. Run: make install"
        raise DemoError(msg)
    STATE.mkdir(parents=True, exist_ok=True)
    print("\nTwo Airflow environments of a made-up company, and their audit marts\n")
    sources = _fingerprint()
    if WAREHOUSE.exists() and MADE_FROM.exists() and MADE_FROM.read_text() == sources:
        print(f"  All is there from before. To copy again: rm {_shown(WAREHOUSE)}")
    else:
        MADE_FROM.unlink(missing_ok=True)
        _make_warehouse(meltano)
        MADE_FROM.write_text(sources)
    print_findings(WAREHOUSE, ANSWERS.read_text(), _shown(REPORT))


def _shown(path: Path) -> str:
    return os.path.relpath(path, ROOT)


def _fingerprint() -> str:
    """A hash of everything that decides what is in the warehouse."""
    digest = hashlib.sha256()
    for top in SOURCES:
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            # What dbt and Python leave in these folders is made, not source.
            if path.is_file() and not MADE & set(path.relative_to(ROOT).parts):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _make_warehouse(meltano: Path) -> None:
    """Copy the snapshots and build the marts."""
    # They may be of a later moment than the snapshots, which are then refused.
    for made in (WAREHOUSE, WAREHOUSE.with_name(f"{WAREHOUSE.name}.wal"), MELTANO_STATE, REPORT):
        made.unlink(missing_ok=True)
    dbt = {
        "ENVIRONMENT_SLUGS": ",".join(environment.slug for environment in ENVIRONMENTS),
        "AIRFLOW_AUDIT_HR_LEAVERS_RELATION": "hr.leavers",
        "AIRFLOW_AUDIT_COST_PER_SLOT_HOUR": str(COST_PER_SLOT_HOUR),
    }
    with ThreadPoolExecutor(max_workers=1) as beside:
        # It needs no warehouse, and dbt keeps the result. Meltano makes its database as it starts.
        apart = dbt | {"MELTANO_DATABASE_URI": f"sqlite:///{STATE / 'parse.db'}"}
        parsed = beside.submit(_meltano, meltano, apart, "parse", "invoke", "dbt", "parse")
        for environment in ENVIRONMENTS:
            _copy(meltano, environment.before_upgrade, EARLIER)
        parsed.result()
    with step("Remember with dbt what Airflow will overwrite"):
        _list_leavers()
        history = ("invoke", "dbt", "build", "--select", "+path:snapshots/airflow")
        without_tests = ("--exclude-resource-type", "test", "unit_test")
        _meltano(meltano, dbt, "history", *history, *without_tests)
    for environment in ENVIRONMENTS:
        _copy(meltano, environment, NOW)
    with step("Build the marts of both with dbt"):
        _meltano(meltano, dbt, "marts", "invoke", "dbt:build")
    with step("Write the report"):
        where = dbt | {"AUDIT_REPORT_OUTPUT": str(REPORT)}
        _meltano(meltano, where, "report", "invoke", "audit-report", printed=ANSWERS)


def _copy(meltano: Path, environment: Environment, moment: datetime) -> None:
    title = f"Copy {environment.slug} (Airflow {environment.airflow_version}) of {moment:%Y-%m-%d}"
    with step(title):
        _meltano(
            meltano,
            {"AIRFLOW_SNAPSHOT_LOCATION": str(METADATA)},
            f"copy-{environment.snapshot_at(moment)}",
            *("invoke", "airflow-snapshot", "run", environment.snapshot_at(moment), "--"),
            *(str(meltano), "run", "tap-airflow-metadata", "target-duckdb"),
        )


def _list_leavers() -> None:
    """Put the list of the human resources department where dbt finds it."""
    with duckdb.connect(str(WAREHOUSE)) as warehouse:
        warehouse.execute("create schema hr")
        warehouse.execute("create table hr.leavers as from read_csv(?)", [str(LEAVERS)])


def _meltano(
    meltano: Path,
    settings: dict[str, str],
    name: str,
    *arguments: str,
    printed: Path | None = None,
) -> None:
    """Run Meltano as a user does; its output goes into a file.

    Args:
        meltano: The program.
        settings: Environment variables.
        name: Of the file.
        arguments: Meltano's.
        printed: Another file, for what it prints for its user.

    Raises:
        DemoError: It failed.
    """
    environment = {
        variable: value for variable, value in os.environ.items() if not variable.startswith(OURS)
    }
    environment |= {
        "MELTANO_DATABASE_URI": f"sqlite:///{MELTANO_STATE}",
        "TARGET_DUCKDB_PATH": str(WAREHOUSE),
        **settings,
    }
    log = STATE / f"{name}.log"
    with log.open("w") as output, printed.open("w") if printed else nullcontext(output) as answers:
        done = subprocess.run(
            [str(meltano), *arguments],
            cwd=ROOT,
            env=environment,
            stdout=answers,
            stderr=output,
            check=False,
        )
    if done.returncode != 0:
        told = "\n".join(log.read_text().splitlines()[-SHOWN_LINES:])
        msg = (
            f"`meltano {' '.join(arguments)}` failed with exit code {done.returncode}:\n{told}\n"
            f"All of its output is in {_shown(log)}. Is a plugin missing? Run: make install"
        )
        raise DemoError(msg)


if __name__ == "__main__":
    main()
