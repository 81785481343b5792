"""The command ``airflow-snapshot``."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from airflow_snapshot.errors import EXIT_FINAL, EXIT_RETRYABLE, SnapshotError


@click.group(
    epilog=f"Exit codes: 0 done; {EXIT_RETRYABLE} try again later; {EXIT_FINAL} something has to"
    " change first; 1 a defect."
)
def airflow_snapshot() -> None:
    """Take, test and restore snapshots of an Airflow metadata database."""


def main() -> NoReturn:
    """Run the command; an expected error is a message and an exit code."""
    try:
        airflow_snapshot(prog_name="airflow-snapshot")
    except SnapshotError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    sys.exit(0)
