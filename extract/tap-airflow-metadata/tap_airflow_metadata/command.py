"""The command ``tap-airflow-metadata``: the SDK's, with ``--grants`` and exit codes."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from tap_airflow_metadata.catalogue import load_catalogue
from tap_airflow_metadata.errors import EXIT_FINAL, TapError
from tap_airflow_metadata.grants import grants_sql
from tap_airflow_metadata.tap import AirflowMetadataTap


def _print_grants(context: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if not is_wanted:
        return
    config = context.params.get("config")
    click.echo(grants_sql(config.config if config else {}, load_catalogue()), nl=False)
    context.exit()


def command() -> click.Command:
    """Return the click command."""
    singer_command: click.Command = AirflowMetadataTap.cli
    singer_command.help = "Copy an Airflow metadata database, all tables in one moment."
    singer_command.epilog = (
        f"Exit codes: 0 done; 75 try again later; {EXIT_FINAL} a setting, a right or the source has"
        " to change first; 1 a defect. The settings and the default tables: --about."
    )
    singer_command.params.append(
        click.Option(
            ["--grants"],
            is_flag=True,
            expose_value=False,
            callback=_print_grants,
            help="Print SQL for a read-only role that may read just what these settings read.",
        )
    )
    return singer_command


def main() -> NoReturn:
    """Run the command; an expected error is one log line and an exit code."""
    try:
        command().main(standalone_mode=True)
    except TapError as error:
        AirflowMetadataTap.logger.error("%s", error)
        sys.exit(error.exit_code)
    sys.exit(0)
