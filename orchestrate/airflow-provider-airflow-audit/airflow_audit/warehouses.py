"""The four warehouses: their plugins, and the login that an Airflow connection gives."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_audit.airflow_api import AirflowFailException
from airflow_audit.source_login import find_connection

DEFAULT_SERVICE_CONNECTION = "load_airflow"


@dataclass(frozen=True)
class WarehouseProfile:
    """A warehouse that the project loads; `make generate` writes its facts to the JSON file.

    Attributes:
        name: Short name; the loader is ``target-<name>``.
        connection_types: Of an Airflow connection to it; none if it needs no connection.
        connection_keys: By setting of the loader, the keys of a connection that give it, of which
            the first that is there counts.
        refused_connection_keys: Keys of a connection that ask for a way to log in which the loader
            does not have.
        secrets: Settings that are never logged.
        takes_hyphens: Whether a schema's name may have a hyphen.
    """

    name: str
    connection_types: Sequence[str]
    connection_keys: Mapping[str, Sequence[str]]
    refused_connection_keys: Sequence[str]
    secrets: Sequence[str]
    takes_hyphens: bool

    @property
    def loader(self) -> str:
        """The name of the Meltano plugin."""
        return f"target-{self.name}"

    @property
    def dbt(self) -> str:
        """The name of the Meltano plugin that builds in it."""
        return "dbt" if self.name == "duckdb" else f"dbt-{self.name}"

    @property
    def report(self) -> str:
        """The name of the Meltano plugin that reports what is in it."""
        return "audit-report" if self.name == "duckdb" else f"audit-report-{self.name}"

    def variable(self, setting: str) -> str:
        """Return the environment variable of a setting of the loader."""
        return f"TARGET_{self.name}_{setting}".upper()

    def raw_schema(self, slug: str) -> str:
        """Return the schema of an environment's raw tables, which the marts read."""
        return self._schema_name(f"airflow_{slug}")

    def export_schema(self, slug: str) -> str:
        """Return the schema of table exports, which is never that of the raw tables.

        A mirror would delete the rows that are gone from Airflow, which the marts keep.
        """
        return self._schema_name(f"airflow_{slug}_export")

    def check_schema(self, schema: str) -> None:
        """Check that a schema can have this name.

        Raises:
            AirflowFailException: It has a hyphen, and the warehouse allows none.
        """
        if schema != self._schema_name(schema):
            msg = (
                f"destination_schema is {schema!r}, but a schema of {self.name} can have no hyphen."
                f" Use {self._schema_name(schema)!r}"
            )
            raise AirflowFailException(msg)

    def _schema_name(self, schema: str) -> str:
        return schema if self.takes_hyphens else schema.replace("-", "_")


WAREHOUSES = {
    name: WarehouseProfile(name, **known)
    for name, known in json.loads(Path(__file__).with_suffix(".json").read_text("utf-8")).items()
}
DUCKDB = WAREHOUSES["duckdb"]
SNOWFLAKE = WAREHOUSES["snowflake"]
REDSHIFT = WAREHOUSES["redshift"]
BIGQUERY = WAREHOUSES["bigquery"]


@dataclass(frozen=True)
class WarehouseLogin:
    """A login to a warehouse, as environment variables of the loader and of dbt.

    Attributes:
        environment: The variables; empty if the worker's own environment has them.
        secrets: Values to mask in logs.
        found_in: Where the login was found, for messages.
    """

    environment: dict[str, str]
    secrets: list[str]
    found_in: str


def warehouse_login(
    warehouse: WarehouseProfile, connection_id: str | None, service_connection_name: str
) -> WarehouseLogin:
    """Find the login to the warehouse.

    Args:
        warehouse: The warehouse.
        connection_id: Id of an Airflow connection, which has to exist; None for the service
            connection.
        service_connection_name: Name of variables ``DATACOVES__<NAME>__…``, or id of an Airflow
            connection. If neither exists under the default name, the loader's own environment
            variables are used.

    Raises:
        AirflowFailException: The connection is missing or of the wrong type, or asks for a way to
            log in that the loader does not have.
    """
    if not connection_id:
        variables = _service_connection_variables(service_connection_name)
        if variables:
            place = f"the variables DATACOVES__{service_connection_name.upper()}__…"
            return _parse_login(warehouse, variables, place)
    name = connection_id or service_connection_name
    connection = find_connection(name)
    if connection is None:
        if connection_id or name != DEFAULT_SERVICE_CONNECTION:
            msg = (
                f"There is no Airflow connection {name!r}"
                + ("" if connection_id else f" and no variable DATACOVES__{name.upper()}__…")
                + f" with the login to {warehouse.name}. Add it, or name another"
            )
            raise AirflowFailException(msg)
        return WarehouseLogin({}, [], f"the environment, as {warehouse.variable('…')}")
    place = f"the Airflow connection {name!r}"
    if warehouse.connection_types and connection.conn_type not in warehouse.connection_types:
        msg = (
            f"{place} is of type {connection.conn_type!r}, but {warehouse.name} needs"
            f" {' or '.join(warehouse.connection_types)}. Use the operator of that warehouse, or"
            " name another connection"
        )
        raise AirflowFailException(msg)
    fields = {
        key: getattr(connection, key) for key in ("host", "port", "login", "password", "schema")
    }
    # Older connections of providers carry their extras under a prefix.
    extra = {key.rpartition("__")[2]: value for key, value in connection.extra_dejson.items()}
    return _parse_login(warehouse, {**fields, **extra}, place)


def _service_connection_variables(name: str) -> dict[str, Any]:
    prefix = f"DATACOVES__{name}__".upper()
    return {
        variable.removeprefix(prefix).lower(): value
        for variable, value in os.environ.items()
        if variable.startswith(prefix)
    }


def _parse_login(
    warehouse: WarehouseProfile, values: Mapping[str, Any], place: str
) -> WarehouseLogin:
    for key in warehouse.refused_connection_keys:
        if values.get(key):
            msg = (
                f"{place} has {key}, and {warehouse.loader} has no such way to log in. Name a"
                " connection without it"
            )
            raise AirflowFailException(msg)
    found: dict[str, str] = {}
    for setting, keys in warehouse.connection_keys.items():
        value = next((values[key] for key in keys if values.get(key) not in (None, "")), None)
        if value is not None:
            found[setting] = value if isinstance(value, str) else json.dumps(value)
    if not found:
        names = ", ".join(warehouse.connection_keys)
        msg = f"{place} says nothing about {warehouse.name}. It needs some of: {names}"
        raise AirflowFailException(msg)
    if "private_key" in found:
        found["private_key"] = _as_pem(found["private_key"])
    if found.keys() & {"private_key", "private_key_path"} and "password" in found:
        # With a key, the password of Airflow's Snowflake connections is its passphrase.
        found["private_key_passphrase"] = found.pop("password")
    return WarehouseLogin(
        {warehouse.variable(setting): value for setting, value in found.items()},
        [value for setting, value in found.items() if setting in warehouse.secrets],
        place,
    )


def _as_pem(key: str) -> str:
    """Return a key as PEM, which Airflow's own Snowflake connections keep in base64."""
    try:
        decoded = base64.b64decode("".join(key.split()), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return key
    return decoded if decoded.startswith("-----BEGIN") else key
