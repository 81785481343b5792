"""The command ``airflow-snapshot``: options and what is printed; the work is in other modules."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import NoReturn

import click

from airflow_snapshot.airflow_facts import installed_airflow_version
from airflow_snapshot.database import connected, display_address
from airflow_snapshot.encryption import Identity, Recipient
from airflow_snapshot.errors import (
    EXIT_FINAL,
    EXIT_RETRYABLE,
    DamagedSnapshotError,
    SnapshotError,
    SnapshotSettingsError,
)
from airflow_snapshot.fernet import NEW_KEY, OLD_KEY
from airflow_snapshot.manifest import Manifest
from airflow_snapshot.neutralise import NeutraliseRequest, neutralise
from airflow_snapshot.options import (
    address_option,
    airflow_version_option,
    encrypt_to_option,
    environment_slug_option,
    identities_option,
    overrides_option,
    schema_option,
    snapshot_argument,
    store_option,
    unfinished_option,
)
from airflow_snapshot.overrides import Overrides
from airflow_snapshot.progress import Progress
from airflow_snapshot.pruning import RetentionPolicy, to_delete
from airflow_snapshot.quiesce import Unfinished
from airflow_snapshot.restore import RestoreRequest, require_new, restore
from airflow_snapshot.run import run_on
from airflow_snapshot.store import Store
from airflow_snapshot.take import TakeRequest, take
from airflow_snapshot.verify import verify

_FERNET_KEYS = (
    f"Fernet keys come from the environment only: {OLD_KEY} is core.fernet_key of the old"
    f" environment, without which everything encrypted is emptied; {NEW_KEY} that of the new one,"
    " for which everything is encrypted anew."
)


@click.group(
    epilog=f"Exit codes: 0 done; {EXIT_RETRYABLE} try again later; {EXIT_FINAL} something has to"
    " change first; 1 a defect. Passwords belong into the environment variables, PGPASSWORD or"
    " PGPASSFILE."
)
def airflow_snapshot() -> None:
    """Take, test and restore snapshots of an Airflow metadata database on PostgreSQL."""


@airflow_snapshot.command("take")
@address_option("source", "The metadata database")
@schema_option
@environment_slug_option
@store_option
@encrypt_to_option
@click.option(
    "--exclude-secrets",
    is_flag=True,
    help="Leave out passwords, hashes, connections' and variables' values, XComs, run"
    " configuration, whatever else may hold secrets, and what is not known. Takes several times as"
    " long.",
)
def take_command(
    source: dict[str, str],
    schema: str,
    environment_slug: str | None,
    store: Store,
    recipients: list[Recipient],
    exclude_secrets: bool,
) -> None:
    """Take a snapshot: all of the database in one moment, without blocking Airflow."""
    request = TakeRequest(
        source, schema, environment_slug, recipients, has_secrets=not exclude_secrets
    )
    manifest = take(request, store, Progress("Taking"))
    click.echo(manifest.name)
    click.echo(_summary(manifest), err=True)
    if manifest.emptied and manifest.emptied.unknown:
        unknown = ", ".join(manifest.emptied.unknown)
        click.echo(f"Emptied, because this release does not know it: {unknown}", err=True)


@airflow_snapshot.command("list")
@environment_slug_option
@store_option
def list_command(environment_slug: str | None, store: Store) -> None:
    """List the snapshots of a place, by name and so by environment and age."""
    for name in store.names():
        try:
            manifest = store.manifest(name)
        except DamagedSnapshotError as error:
            click.echo(f"{name}  {error}")
            continue
        if environment_slug in {None, manifest.environment_slug}:
            click.echo(f"{name}  {_summary(manifest)}")


@airflow_snapshot.command("inspect")
@snapshot_argument
@environment_slug_option
@store_option
def inspect_command(name: str, environment_slug: str | None, store: Store) -> None:
    """Show what a snapshot says of itself; the newest, if none is named."""
    manifest = store.find(name, environment_slug)
    source, running = manifest.source, manifest.running
    click.echo(f"{manifest.name}  {_summary(manifest)}")
    revisions = ", ".join(f"{table} {revision}" for table, revision in source.revisions.items())
    for title, text in (
        ("taken of", f"{source.address}, schema {source.schema}"),
        ("PostgreSQL", f"{source.postgres_version}, {source.encoding}"),
        ("revisions", revisions),
        ("at work", ", ".join(running.components) or "no scheduler"),
        ("unfinished", f"{running.dag_runs} DAG runs, {running.task_instances} task instances"),
        ("archive", f"{manifest.archive.file}, sha256 {manifest.archive.sha256}"),
        ("emptied", _emptied_summary(manifest)),
    ):
        click.echo(f"  {title:<11}{text}")
    largest = sorted(manifest.contents.tables.items(), key=lambda table: (-table[1].rows, table[0]))
    for table, contents in largest:
        description = manifest.emptied.describe(table) if manifest.emptied else ""
        click.echo(
            f"  {contents.rows:>11,} {table}" + (f"  ({description})" if description else "")
        )


@airflow_snapshot.command("verify")
@snapshot_argument
@environment_slug_option
@store_option
@identities_option
def verify_command(
    name: str, environment_slug: str | None, store: Store, identities: list[Identity]
) -> None:
    """Test a snapshot: restore it into a scratch Postgres and compare every table.

    Row counts, a checksum of the rows of each table, keys, foreign keys, indexes and sequences.
    Ends with 78 if anything differs.
    """
    manifest = store.find(name, environment_slug)
    description = verify(manifest, store, identities, Progress("Comparing"))
    if description:
        click.echo(f"FAIL {manifest.name}")
        for line in description:
            click.echo(f"  {line}")
        sys.exit(EXIT_FINAL)
    contents = manifest.contents
    click.echo(
        f"PASS {manifest.name}: {contents.rows:,} rows of {len(contents.tables)} tables,"
        f" {len(contents.constraints)} keys and constraints, {len(contents.indexes)} indexes"
    )


@airflow_snapshot.command("restore")
@snapshot_argument
@address_option("into", "The new or empty database")
@airflow_version_option
@environment_slug_option
@store_option
@identities_option
def restore_command(
    name: str,
    into: dict[str, str],
    airflow_version: str | None,
    environment_slug: str | None,
    store: Store,
    identities: list[Identity],
) -> None:
    """Restore a snapshot into a database that is new, or there and empty."""
    request = RestoreRequest(
        manifest=store.find(name, environment_slug),
        store=store,
        identities=identities,
        into=into,
        airflow_version=airflow_version or installed_airflow_version(),
    )
    restore(request, Progress("Comparing"))
    click.echo(
        f"Restored {request.manifest.name} into {display_address(into)}, equal to its manifest."
    )
    click.echo(
        "\nThis copy goes on where the original was: what ran runs again, and its connections are"
        " the original's. For anything but a replacement of the original, first run\n"
        "  airflow-snapshot neutralise"
    )
    _print_next_steps(request)


@airflow_snapshot.command("neutralise", epilog=_FERNET_KEYS)
@address_option("into", "The restored copy")
@schema_option
@unfinished_option
@overrides_option
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def neutralise_command(
    into: dict[str, str],
    schema: str,
    unfinished: Unfinished,
    overrides: Overrides | None,
    dry_run: bool,
) -> None:
    """Make a restored copy safe to start as another environment.

    Pauses every DAG, ends what was running, drops what would call out, and replaces connections,
    variables and Fernet keys: all of it or nothing. Refuses what airflow-snapshot did not restore,
    and what is in use.
    """
    with connected(into) as connection:
        report = neutralise(connection, schema, _safety(unfinished, overrides), dry_run=dry_run)
    for line in report.lines():
        click.echo(line)


@airflow_snapshot.command("clone", epilog=_FERNET_KEYS)
@address_option("source", "The metadata database")
@address_option("into", "The new database, which must not be there yet")
@schema_option
@unfinished_option
@overrides_option
@airflow_version_option
@environment_slug_option
@store_option
@encrypt_to_option
@identities_option
def clone_command(  # noqa: PLR0913, PLR0917  # as many as it has options
    source: dict[str, str],
    into: dict[str, str],
    schema: str,
    unfinished: Unfinished,
    overrides: Overrides | None,
    airflow_version: str | None,
    environment_slug: str | None,
    store: Store,
    recipients: list[Recipient],
    identities: list[Identity],
) -> None:
    """Make a safe copy of one environment for another: take, restore and neutralise in one.

    The new database has its name only when it is whole and safe. The snapshot stays.
    """
    if recipients and not identities:
        msg = "--encrypt-to needs --identity as well, because a clone is restored at once"
        raise SnapshotSettingsError(msg)
    safety = _safety(unfinished, overrides)
    require_new(into)
    manifest = take(
        TakeRequest(source, schema, environment_slug, recipients), store, Progress("Taking")
    )
    request = RestoreRequest(
        manifest, store, identities, into, airflow_version or installed_airflow_version()
    )
    reports = []
    restore(
        request,
        Progress("Comparing"),
        lambda connection: reports.append(neutralise(connection, schema, safety)),
    )
    for line in reports[0].lines():
        click.echo(line)
    click.echo(
        f"\nCloned {display_address(source)} into {display_address(into)} by the snapshot"
        f" {manifest.name}."
    )
    _print_next_steps(request)


@airflow_snapshot.command("run", context_settings={"ignore_unknown_options": True})
@click.argument("name", metavar="SNAPSHOT")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@store_option
@identities_option
@click.option("--of", "environment_slug", help="With `latest`: of this environment.")
def run_command(
    name: str,
    command: Sequence[str],
    store: Store,
    identities: list[Identity],
    environment_slug: str | None,
) -> None:
    """Run COMMAND on a snapshot in place of a live database, so that production sees no load.

    Such as: airflow-snapshot run latest -- meltano run tap-airflow-metadata target-duckdb dbt:build
    """
    manifest = store.find(name, environment_slug)
    sys.exit(run_on(manifest, store, identities, command, Progress("Restoring")))


@airflow_snapshot.command("prune")
@click.option("--daily", default=7, show_default=True, help="Days that keep their newest snapshot.")
@click.option("--weekly", default=5, show_default=True, help="Weeks that do.")
@click.option("--monthly", default=12, show_default=True, help="Months that do.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@store_option
def prune_command(daily: int, weekly: int, monthly: int, dry_run: bool, store: Store) -> None:
    """Delete old snapshots, of each environment by itself; its newest is always kept."""
    gone = to_delete(store.manifests(), RetentionPolicy(daily, weekly, monthly))
    for manifest in gone:
        if not dry_run:
            store.delete(manifest)
        click.echo(f"{'Would delete' if dry_run else 'Deleted'} {manifest.name}")
    for file in store.leftovers(datetime.now(timezone.utc)):
        if not dry_run:
            store.delete_leftover(file)
        click.echo(f"{'Would delete' if dry_run else 'Deleted'} {file}, left by a killed take")


def _safety(unfinished: Unfinished, overrides: Overrides | None) -> NeutraliseRequest:
    return NeutraliseRequest(
        unfinished=unfinished,
        overrides=overrides,
        old_fernet_key=os.environ.get(OLD_KEY),
        new_fernet_key=os.environ.get(NEW_KEY),
    )


def _summary(manifest: Manifest) -> str:
    version = manifest.source.airflow_version
    notes = [
        f"schema of Airflow {version or 'unknown'}",
        f"{manifest.contents.rows:,} rows of {len(manifest.contents.tables)} tables",
        f"{manifest.archive.size / 1e6:,.1f} MB",
    ]
    if manifest.archive.is_encrypted:
        notes.append("encrypted")
    if not manifest.has_secrets:
        notes.append("without secrets")
    return ", ".join(notes)


def _emptied_summary(manifest: Manifest) -> str:
    if manifest.has_secrets:
        return "nothing"
    emptied = manifest.emptied
    if not emptied:
        return "what an earlier release knew to be secret; it kept what it did not know"
    description = (
        f"{len(emptied.tables)} tables, and columns of {len(emptied.columns)} others, see below"
    )
    if emptied.unknown:
        description += f"; not known to the release that took it: {', '.join(emptied.unknown)}"
    return description


def _print_next_steps(request: RestoreRequest) -> None:
    source = request.manifest.source
    version = request.airflow_version or source.airflow_version or "3"
    steps = ["Stop every component of the new environment, and install the providers of the old."]
    address = display_address(request.into).replace("postgresql://", "postgresql+psycopg2://", 1)
    steps.append(
        "Set in its configuration, for every component alike:\n"
        f"     [database] sql_alchemy_conn = {address}\n"
        "     [core] fernet_key = the key of this copy: the original's, unless it was re-keyed"
    )
    match request.has_to_migrate():
        case True:
            steps.append("Run: airflow db migrate")
        case False:
            steps.append("The schema is that of the new environment's Airflow; nothing to migrate.")
        case None:
            steps.append(
                f"The snapshot has the schema of Airflow {source.airflow_version or 'unknown'};"
                " the new environment's version is not known (--airflow-version). If it is newer,"
                " run: airflow db migrate"
            )
    order = (
        "API server, scheduler, DAG processor, triggerer, workers"
        if not version.startswith("2.")
        else "scheduler, webserver, triggerer, workers"
    )
    steps.append(f"Start: {order}.")
    click.echo("\nThen:")
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step}")


def _exit_on_signal(number: int, _: object) -> NoReturn:
    """End as after an error, so that scratch servers and unfinished files go."""
    sys.exit(128 + number)


def main() -> NoReturn:
    """Run the command; an expected error is a message and an exit code."""
    signal.signal(signal.SIGTERM, _exit_on_signal)
    try:
        airflow_snapshot(prog_name="airflow-snapshot")
    except SnapshotError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    sys.exit(0)
