"""The command ``audit-report``: its options and its outputs."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, NoReturn, TypeVar

import click

from airflow_audit_report.dbt_client import DbtClient
from airflow_audit_report.errors import (
    EXIT_FINAL,
    EXIT_RETRYABLE,
    ReportError,
    ReportUnavailableError,
)
from airflow_audit_report.output import require_writable, write
from airflow_audit_report.page import render
from airflow_audit_report.report import make_report
from airflow_audit_report.report_request import (
    DEFAULT_DAYS,
    ReportRequest,
    parse_day,
    parse_slugs,
)
from airflow_audit_report.serving import open_server
from airflow_audit_report.summary import answer_lines, summarise

_Parsed = TypeVar("_Parsed")
_DEFAULT_OUTPUT = "output/report.html"
_CACHE_SECONDS = 60


def _callback(parse: Callable[[str], _Parsed]) -> Callable[..., _Parsed | None]:
    def callback(_: click.Context, __: click.Parameter, text: str | None) -> _Parsed | None:
        try:
            return parse(text) if text else None
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return callback


@click.command(
    context_settings={"auto_envvar_prefix": "AUDIT_REPORT", "help_option_names": ["-h", "--help"]},
    epilog="Each option is an environment variable too, AUDIT_REPORT_<OPTION>. Exit codes: 0 done;"
    f" {EXIT_RETRYABLE} try again later; {EXIT_FINAL} something has to change first; 1 a defect.",
)
@click.option(
    "--output",
    metavar="PLACE",
    help=f"File, or s3://… or gs://…, or - for standard output. Default: {_DEFAULT_OUTPUT}; of JSON"
    " and Markdown standard output.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["html", "json", "markdown"]),
    default="html",
    show_default=True,
    envvar="AUDIT_REPORT_FORMAT",
    help="A page; its numbers; or a summary for a chat or a mail.",
)
@click.option(
    "--environments",
    metavar="SLUGS",
    callback=_callback(parse_slugs),
    help="Airflow environments, separated by commas. Default: all in the marts.",
)
@click.option(
    "--since",
    metavar="DATE",
    callback=_callback(parse_day),
    help="First day of the period (UTC). Default: --days before its end.",
)
@click.option(
    "--until",
    metavar="DATE",
    callback=_callback(parse_day),
    help="Day after its last (UTC). Default: the newest sync; with --since, the day of it.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=DEFAULT_DAYS,
    show_default=True,
    help="Length of the period, if --since does not say it.",
)
@click.option("--team", metavar="NAME", help="Only DAGs of this team, or of this owner.")
@click.option("--tag", metavar="NAME", help="Only DAGs with this tag.")
@click.option("--serve", is_flag=True, help="Show it on a local address, made anew at each visit.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8777, show_default=True, help="For --serve."
)
def audit_report(
    output: str | None,
    kind: str,
    serve: bool,
    port: int,
    **options: Any,  # noqa: ANN401  # fields of a ReportRequest
) -> None:
    """Write what the audit marts say as one HTML file that needs no network."""
    request = ReportRequest(**{name: value for name, value in options.items() if value})
    if serve:
        _serve(request, port)
        return
    destination = output or (_DEFAULT_OUTPUT if kind == "html" else "-")
    if destination != "-":
        require_writable(destination)
    started = time.monotonic()
    click.echo("Asking the marts …", err=True)
    report = make_report(DbtClient(), request)
    match kind:
        case "json":
            text = json.dumps(_without_charts(report), ensure_ascii=False, indent=1) + "\n"
        case "markdown":
            text = summarise(report)
        case _:
            text = render(report)
    if destination == "-":
        click.echo(text, nl=False)
        return
    write(text, destination)
    size = len(text.encode()) / 1e6
    click.echo(f"{destination}: {size:.1f} MB, {time.monotonic() - started:.1f} s", err=True)
    click.echo("\n".join(answer_lines(report)))


def _without_charts(report: dict[str, Any]) -> dict[str, Any]:
    sections = [
        section
        | {
            "figures": [
                {name: value for name, value in figure.items() if name != "chart"}
                for figure in section["figures"]
            ]
        }
        for section in report["sections"]
    ]
    return report | {"sections": sections}


def _render_in_subprocess(request: ReportRequest) -> str:
    """Render the page in a process of its own.

    dbt holds a DuckDB file open until its process ends, and no sync could write it meanwhile.

    Raises:
        ReportError: It could not be rendered.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_page, args=(request, sender), daemon=True)
    process.start()
    sender.close()
    with receiver:
        try:
            outcome: str | ReportError = receiver.recv()
        except EOFError:
            process.join()
            outcome = ReportUnavailableError(
                f"The process that makes the page ended with exit code {process.exitcode}; what it"
                " said stands where --serve was started. Try again"
            )
    process.join()
    if isinstance(outcome, ReportError):
        raise outcome
    return outcome


def _send_page(request: ReportRequest, sender: Connection) -> None:
    # Ctrl+C signals all processes of a terminal; the server ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sender.send(render(make_report(DbtClient(), request)))
    except ReportError as error:
        sender.send(error)


def _serve(request: ReportRequest, port: int) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_server(lambda: _render_in_subprocess(request), port, _CACHE_SECONDS) as server:
        click.echo(f"http://127.0.0.1:{server.server_port}/ (Ctrl+C ends it)", err=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("", err=True)


def main() -> NoReturn:
    """Run the command; an expected error is a message and an exit code."""
    try:
        audit_report(prog_name="audit-report")
    except ReportError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    sys.exit(0)


if __name__ == "__main__":
    main()
