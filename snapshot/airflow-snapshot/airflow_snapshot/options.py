"""Options shared by several commands; each may also be set in the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from airflow_snapshot.database import parse_address
from airflow_snapshot.encryption import (
    Identity,
    Recipient,
    parse_recipients,
    read_identities,
)
from airflow_snapshot.errors import SnapshotSettingsError
from airflow_snapshot.overrides import Overrides, read_overrides
from airflow_snapshot.store import LATEST, Store


class _PublicKey(click.ParamType[str]):
    """A public key; the environment variable separates several by commas."""

    name = "key"
    envvar_list_splitter = ","


Command = TypeVar("Command", bound=Callable[..., Any])

PREFIX = "AIRFLOW_SNAPSHOT"


def address_option(name: str, what: str) -> Callable[[Command], Command]:
    """Return an option for the address of a database; the command gets its parameters.

    Args:
        name: Such as `into`.
        what: What the database is for.
    """
    variable = f"{PREFIX}_{name.upper()}"

    def parse(context: click.Context, _: click.Parameter, value: str | None) -> dict[str, str]:
        option = f"--{name} (or {variable})"
        parameters = parse_address(value, option)
        if "password" in parameters and (
            context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        ):
            msg = (
                f"A password in a command line is visible to all users of the machine. Set"
                f" {variable} in place of --{name}, or leave it out there and set PGPASSWORD or"
                " PGPASSFILE"
            )
            raise SnapshotSettingsError(msg)
        return parameters

    return click.option(
        f"--{name}",
        envvar=variable,
        metavar="ADDRESS",
        callback=parse,
        help=f"{what}: a libpq URL or Airflow's own sql_alchemy_conn. Environment: {variable}.",
    )


def schema_option(command: Command) -> Command:
    """The option `--schema`."""
    return click.option(
        "--schema",
        envvar=f"{PREFIX}_SCHEMA",
        default="public",
        show_default=True,
        help=f"Postgres schema with Airflow's tables. Environment: {PREFIX}_SCHEMA.",
    )(command)


def store_option(command: Command) -> Command:
    """The option `--location`; the command gets a store."""

    def open_store(_: click.Context, __: click.Parameter, value: str) -> Store:
        return Store(value)

    return click.option(
        "--location",
        "store",
        envvar=f"{PREFIX}_LOCATION",
        required=True,
        callback=open_store,
        help="Where snapshots are kept: a folder, or s3://bucket/folder, gs://bucket/folder."
        f" Environment: {PREFIX}_LOCATION.",
    )(command)


def encrypt_to_option(command: Command) -> Command:
    """The option `--encrypt-to`; the command gets `recipients`."""

    def parse(_: click.Context, __: click.Parameter, value: Sequence[str]) -> list[Recipient]:
        return parse_recipients(value)

    return click.option(
        "--encrypt-to",
        "recipients",
        multiple=True,
        envvar=f"{PREFIX}_ENCRYPT_TO",
        type=_PublicKey(),
        metavar="KEY",
        callback=parse,
        help="Public key of age (age1…) or SSH (ssh-ed25519 …) that the archive is encrypted to;"
        f" may be repeated. Environment: {PREFIX}_ENCRYPT_TO, separated by commas.",
    )(command)


def identities_option(command: Command) -> Command:
    """The option `--identity`; the command gets private keys."""

    def read(_: click.Context, __: click.Parameter, value: Path | None) -> list[Identity]:
        return read_identities(value)

    return click.option(
        "--identity",
        "identities",
        envvar=f"{PREFIX}_IDENTITY",
        type=click.Path(path_type=Path),
        callback=read,
        help="File with the private key of age or SSH, for an encrypted snapshot."
        f" Environment: {PREFIX}_IDENTITY.",
    )(command)


def environment_slug_option(command: Command) -> Command:
    """The option `--environment-slug`."""
    return click.option(
        "--environment-slug",
        envvar="ENVIRONMENT_SLUG",
        help="Short name of the Airflow environment. Environment: ENVIRONMENT_SLUG.",
    )(command)


def airflow_version_option(command: Command) -> Command:
    """The option `--airflow-version`."""
    return click.option(
        "--airflow-version",
        help="Version of Airflow that is to use it. [default: that of the airflow on the PATH]",
    )(command)


def unfinished_option(command: Command) -> Command:
    """The option `--unfinished`."""
    return click.option(
        "--unfinished",
        type=click.Choice(["failed", "cleared"]),
        default="failed",
        show_default=True,
        help="What becomes of unfinished task instances and runs: they end as failed, or wait as if"
        " they had not begun until somebody unpauses their DAG.",
    )(command)


def overrides_option(command: Command) -> Command:
    """The option `--overrides`; the command gets what the file says."""

    def read(_: click.Context, __: click.Parameter, value: Path | None) -> Overrides | None:
        return read_overrides(value, os.environ) if value else None

    return click.option(
        "--overrides",
        metavar="FILE",
        type=click.Path(path_type=Path),
        callback=read,
        help="YAML with connections and variables of the new environment, as in Airflow's own"
        " files; null deletes, and ${NAME} stands for a variable of the environment.",
    )(command)


def snapshot_argument(command: Command) -> Command:
    """The argument that names a snapshot."""
    return click.argument("name", default=LATEST, metavar="[SNAPSHOT]")(command)
