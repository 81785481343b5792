"""The command ``tap-airflow-metadata``: the SDK's, with more options and our exit codes."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

from tap_airflow_metadata.catalogue import load_catalogue
from tap_airflow_metadata.errors import EXIT_FINAL, EXIT_RETRYABLE, TapError
from tap_airflow_metadata.grants import grants_sql
from tap_airflow_metadata.insides_of_singer_sdk import config_of, tap_from_options
from tap_airflow_metadata.stage_check import StagedTable, check_messages
from tap_airflow_metadata.sync import TableQuery
from tap_airflow_metadata.tap import AirflowMetadataTap


def _print_grants(context: click.Context, _: click.Parameter, is_given: bool) -> None:
    if not is_given:
        return
    config = config_of(context.params.get("config"))
    click.echo(grants_sql(config, load_catalogue()), nl=False)
    context.exit()


def _print_lines(entries: Iterable[TableQuery | StagedTable]) -> None:
    for entry in entries:
        click.echo(json.dumps(dataclasses.asdict(entry)))


def _invoke(*, queries: bool, messages: Path | None, **options: Any) -> None:  # noqa: ANN401
    if messages:
        _print_lines(check_messages(messages))
    elif queries:
        tap = tap_from_options(AirflowMetadataTap, options["config"], options["state"])
        _print_lines(tap.queries())
    else:
        AirflowMetadataTap.invoke(**options)


def command() -> click.Command:
    """Return the SDK's command with our options."""
    singer_command: click.Command = AirflowMetadataTap.cli
    singer_command.callback = _invoke
    singer_command.help = "Copy an Airflow metadata database, all tables in one moment."
    singer_command.epilog = (
        f"Exit codes: 0 done; {EXIT_RETRYABLE} try again later; {EXIT_FINAL} a setting, a right or"
        " the source has to change first; 1 a defect. The settings and the default tables: --about."
    )
    singer_command.params += [
        click.Option(
            ["--grants"],
            is_flag=True,
            expose_value=False,
            callback=_print_grants,
            help="Print SQL for a read-only role that may read just what these settings read.",
        ),
        click.Option(
            ["--queries"],
            is_flag=True,
            help="Print each table's query, rows and bytes at the source, as JSON; read no row.",
        ),
        click.Option(
            ["--check-messages", "messages"],
            type=click.Path(path_type=Path),
            help="Check that the files which a sync's messages name are there and whole, and print"
            " each table's rows and bytes, as JSON.",
        ),
    ]
    return singer_command


def main() -> NoReturn:
    """Run the command; an expected error is one log line and an exit code."""
    try:
        command().main(standalone_mode=True)
    except TapError as error:
        AirflowMetadataTap.logger.error("%s", error)
        sys.exit(error.exit_code)
    sys.exit(0)
