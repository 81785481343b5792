"""The four warehouses: their plugins, and the settings that a connection to one stands for."""

from __future__ import annotations

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
class TargetWarehouse:
    """A warehouse that the project loads; `make generate` makes its facts from the loader's.

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

    def usual_schema(self, slug: str) -> str:
        """Return the schema that the marts read an environment from."""
        return self._taken(f"airflow_{slug}")

    def export_schema(self, slug: str) -> str:
        """Return the schema of table exports, which is not that of the marts' raw tables.

        A mirror would take from those the rows that are gone from Airflow.
        """
        return self._taken(f"airflow_{slug}_export")

    def check_schema(self, schema: str) -> None:
        """Refuse a name that no schema can have.

        Raises:
            AirflowFailException: The warehouse takes no hyphen.
        """
        if schema != self._taken(schema):
            msg = (
                f"destination_schema is {schema!r}, but a schema of {self.name} can have no hyphen."
                f" Use {self._taken(schema)!r}"
            )
            raise AirflowFailException(msg)

    def _taken(self, schema: str) -> str:
        return schema if self.takes_hyphens else schema.replace("-", "_")


WAREHOUSES = {
    name: TargetWarehouse(name, **known)
    for name, known in json.loads(Path(__file__).with_suffix(".json").read_text("utf-8")).items()
}
DUCKDB = WAREHOUSES["duckdb"]
SNOWFLAKE = WAREHOUSES["snowflake"]
REDSHIFT = WAREHOUSES["redshift"]
BIGQUERY = WAREHOUSES["bigquery"]


@dataclass(frozen=True)
class WarehouseLogin:
    """What a connection says, as environment variables of the loader, which dbt reads too.

    Attributes:
        environment: The variables; empty if the project's own environment says it all.
        secrets: Values that are never logged.
        found_in: Where they were found, to be told.
    """

    environment: dict[str, str]
    secrets: list[str]
    found_in: str


def warehouse_login(
    warehouse: TargetWarehouse, connection_id: str | None, service_connection_name: str
) -> WarehouseLogin:
    """Find the login to the warehouse.

    Args:
        warehouse: Which one.
        connection_id: Id of an Airflow connection, which has to exist; None to look for the
            service connection.
        service_connection_name: Name of variables ``DATACOVES__<NAME>__…``, or id of an Airflow
            connection. If there is neither of the default name, the loader's own environment
            variables serve.

    Raises:
        AirflowFailException: There is no such connection, it is to something else, or it asks for
            a way to log in that the loader does not have.
    """
    if not connection_id:
        delivered = _delivered_in_environment(service_connection_name)
        if delivered:
            place = f"the variables DATACOVES__{service_connection_name.upper()}__…"
            return _login(warehouse, delivered, place)
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
    return _login(warehouse, {**fields, **extra}, place)


def _delivered_in_environment(name: str) -> dict[str, Any]:
    prefix = f"DATACOVES__{name}__".upper()
    return {
        variable.removeprefix(prefix).lower(): value
        for variable, value in os.environ.items()
        if variable.startswith(prefix)
    }


def _login(warehouse: TargetWarehouse, values: Mapping[str, Any], place: str) -> WarehouseLogin:
    for key in warehouse.refused_connection_keys:
        if values.get(key):
            msg = (
                f"{place} has {key}, and {warehouse.loader} has no such way to log in. Name a"
                " connection without it"
            )
            raise AirflowFailException(msg)
    found: dict[str, str] = {}
    for setting, keys in warehouse.connection_keys.items():
        given = [values[key] for key in keys if values.get(key) not in (None, "")]
        if given:
            found[setting] = given[0] if isinstance(given[0], str) else json.dumps(given[0])
    if not found:
        names = ", ".join(warehouse.connection_keys)
        msg = f"{place} says nothing about {warehouse.name}. It needs some of: {names}"
        raise AirflowFailException(msg)
    if found.keys() & {"private_key", "private_key_path"} and "password" in found:
        # In Airflow's connections to Snowflake the password is then that of the key.
        found["private_key_passphrase"] = found.pop("password")
    return WarehouseLogin(
        {warehouse.variable(setting): value for setting, value in found.items()},
        [value for setting, value in found.items() if setting in warehouse.secrets],
        place,
    )
