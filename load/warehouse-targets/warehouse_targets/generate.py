"""What is made from the settings of the warehouses; ``make generate`` writes the files again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from warehouse_targets.warehouse_settings import (
    WAREHOUSES,
    Setting,
    WarehouseSettings,
    load_settings,
)

_NOTE = "Made from the loader's settings/*.yml by `make generate`; do not edit."
_TABLE = re.compile(rf"(?<=<!-- {re.escape(_NOTE)} -->\n\n)\|.*?(?=\n\n)", re.DOTALL)


def loaders(_: str) -> str:
    """Return the content of ``load/loaders.meltano.yml``."""
    plugins = {"plugins": {"loaders": [_plugin(name) for name in WAREHOUSES]}}
    return f"# {_NOTE}\n" + yaml.safe_dump(plugins, sort_keys=False, width=100)


def provider_warehouses(_: str) -> str:
    """Return the Airflow provider's ``warehouses.json``: Airflow cannot import the loader."""
    warehouses = {name: _provider_warehouse(load_settings(name)) for name in WAREHOUSES}
    return json.dumps(warehouses, indent=1) + "\n"


def document(name: str, text: str) -> str:
    """Return a document about a warehouse with the table of its settings as they are now.

    Raises:
        ValueError: The document has no such table, or more than one.
    """
    known = load_settings(name)
    rows = [
        f"| `{f'target_{name}_{setting_name}'.upper()}` | {_default(setting_name, setting, known)}"
        f" | {_meaning(setting)} |"
        for setting_name, setting in known.settings.items()
    ]
    table = "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])
    changed, count = _TABLE.subn(lambda _: table, text)
    if count != 1:
        msg = f"The document about {name} has {count} tables of its settings"
        raise ValueError(msg)
    return changed


def _plugin(name: str) -> dict[str, Any]:
    known = load_settings(name)
    required = [name for name, setting in known.settings.items() if setting.required]
    return {
        "name": f"target-{name}",
        "namespace": f"target_{name}",
        "label": known.label,
        "pip_url": f"-r requirements/target-{name}.txt -e load/warehouse-targets",
        "executable": f"target-{name}",
        "description": known.description,
        "capabilities": ["about", "activate-version", "batch", "structured-logging"],
        "settings_group_validation": [
            required + login for login in ([[login] for login in known.logins] or [[]])
        ],
        "settings": [_plugin_setting(name, setting) for name, setting in known.settings.items()],
    }


def _plugin_setting(name: str, setting: Setting) -> dict[str, Any]:
    # The loader knows its defaults itself; Meltano sets what depends on the project.
    default = "" if setting.default is None else f" Default: {_written(setting.default)}."
    entry = {
        "name": name,
        "kind": "options" if setting.allowed else setting.type,
        "options": [{"label": label, "value": value} for value, label in setting.allowed.items()],
        "sensitive": setting.secret,
        "value": setting.project_value,
        "label": setting.label,
        "placeholder": setting.placeholder,
        "description": setting.description + default,
    }
    return {key: value for key, value in entry.items() if value}


def _provider_warehouse(known: WarehouseSettings) -> dict[str, Any]:
    return {
        "connection_types": known.connection_types,
        "connection_keys": {
            name: setting.connection_keys
            for name, setting in known.settings.items()
            if setting.connection_keys
        },
        "refused_connection_keys": known.refused_connection_keys,
        "secrets": [name for name, setting in known.settings.items() if setting.secret],
        "takes_hyphens": known.takes_hyphens,
    }


def _default(name: str, setting: Setting, known: WarehouseSettings) -> str:
    if setting.project_value:
        value = setting.project_value.removeprefix("$MELTANO_PROJECT_ROOT/")
        return f"`{value.replace('${ENVIRONMENT_SLUG}', '<slug>')}`"
    if setting.required:
        return "required"
    if name in known.logins:
        return "exactly one login"
    return "" if setting.default is None else f"`{_written(setting.default)}`"


def _meaning(setting: Setting) -> str:
    allowed = "; ".join(f"`{value}`: {label}" for value, label in setting.allowed.items())
    return f"{setting.description} {allowed}".rstrip()


def _written(value: str | int) -> str:
    return value if isinstance(value, str) else json.dumps(value)


# By path below the repository: the new content, given the old.
OUTPUTS: dict[str, Callable[[str], str]] = {
    "load/loaders.meltano.yml": loaders,
    "orchestrate/airflow-provider-airflow-audit/airflow_audit/warehouses.json": provider_warehouses,
    "docs/warehouses/README.md": partial(document, "duckdb"),
    "docs/warehouses/snowflake.md": partial(document, "snowflake"),
    "docs/warehouses/redshift.md": partial(document, "redshift"),
    "docs/warehouses/bigquery.md": partial(document, "bigquery"),
}

if __name__ == "__main__":
    for path, make in OUTPUTS.items():
        Path(path).write_text(make(Path(path).read_text(encoding="utf-8")), encoding="utf-8")
