"""The settings of each warehouse, and which keys of an Airflow connection give them.

Each warehouse is one reviewed data file, ``settings/<warehouse>.yml``; what all of them have is in
``settings/every_warehouse.yml``. ``make generate`` makes from them what others read.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal

import yaml
from singer_sdk import typing as th

WAREHOUSES = ("duckdb", "snowflake", "redshift", "bigquery")

_JSON_TYPES: dict[str, type[th.JSONTypeHelper[Any]]] = {
    "string": th.StringType,
    "integer": th.IntegerType,
    "boolean": th.BooleanType,
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of a loader.

    Attributes:
        description: What it means, in Markdown.
        connection_keys: Keys of an Airflow connection that give it, of which the first that is
            there counts; none if it is no part of the login.
        label: Its title in Meltano.
        type: Of its value.
        default: The loader's; None if it has none.
        project_value: What Meltano sets, made of its own variables; None if it sets nothing.
        placeholder: An example, for Meltano.
        required: Whether the loader does not start without it.
        secret: Whether it is never shown.
        allowed: What each possible value means; empty if any value may be.
    """

    description: str
    connection_keys: Sequence[str]
    label: str | None = None
    type: Literal["string", "integer", "boolean"] = "string"
    default: str | int | bool | None = None
    project_value: str | None = None
    placeholder: str | None = None
    required: bool = False
    secret: bool = False
    allowed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class WarehouseSettings:
    """What is known of one warehouse.

    Attributes:
        label: Its title in Meltano.
        description: What its loader does.
        settings: By name.
        logins: Settings of which exactly one is needed; none if no such choice is to be made.
        connection_types: Of an Airflow connection to it; none if it needs no connection.
        refused_connection_keys: Keys of a connection that ask for a way to log in which the loader
            does not have.
        takes_hyphens: Whether a schema's name may have a hyphen.
    """

    label: str
    description: str
    settings: Mapping[str, Setting]
    logins: Sequence[str] = ()
    connection_types: Sequence[str] = ()
    refused_connection_keys: Sequence[str] = ()
    takes_hyphens: bool = True


@functools.cache
def load_settings(warehouse: str) -> WarehouseSettings:
    """Return what is known of a warehouse.

    Args:
        warehouse: One of ``WAREHOUSES``.

    Raises:
        TypeError: A data file names something that is not known here, or leaves something out.
    """
    content = _read(warehouse)
    own = content.pop("settings")
    shared = _read("every_warehouse")["settings"]
    settings = {
        name: Setting(**{**shared.get(name, {}), **own.get(name, {})}) for name in own | shared
    }
    return WarehouseSettings(settings=settings, **content)


def config_jsonschema(warehouse: str) -> dict[str, Any]:
    """Return the JSON schema of a loader's settings."""
    return th.PropertiesList(
        *(
            th.Property(
                name,
                _JSON_TYPES[setting.type],
                required=setting.required,
                default=setting.default,
                secret=setting.secret,
                allowed_values=list(setting.allowed) or None,
                description=setting.description,
            )
            for name, setting in load_settings(warehouse).settings.items()
        )
    ).to_dict()


def _read(name: str) -> dict[str, Any]:
    file = resources.files("warehouse_targets") / "settings" / f"{name}.yml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads 10 x faster
    content: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    return content
