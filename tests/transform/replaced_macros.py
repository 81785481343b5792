"""Our macros in the place of dbt's own, and what no longer fits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any


def _arguments(macro: dict[str, Any]) -> str:
    """Arguments as they are written; of a materialisation or a test there are none."""
    signature = rf"macro\s+{macro['name']}\s*\((.*?)\)"
    return " ".join("".join(re.findall(signature, macro["macro_sql"], re.DOTALL)).split())


def misfits(macros: list[dict[str, Any]], warehouse: str) -> list[str]:
    """Say which macros of ours no longer fit those of dbt's in whose place they stand."""
    of_dbt = {m["name"]: _arguments(m) for m in macros if m["package_name"] != "airflow_audit"}
    found = []
    for macro in (m for m in macros if m["package_name"] == "airflow_audit"):
        variant, _, name = macro["name"].rpartition("__")
        if variant not in ("", "default", warehouse):
            continue
        variants = [f"{warehouse}__{name}", f"default__{name}"] if variant else [name]
        replaced = {each: of_dbt[each] for each in variants if each in of_dbt}
        file = Path(macro["original_file_path"])
        if file.parent != Path("macros/dbt_overrides"):
            found += [f"{file}: dbt has {each} too: rename ours, or move it" for each in replaced]
        elif not replaced:
            found.append(f"{file}: dbt has none of {variants} any more; see what does it now")
        found += [
            f"{file}: dbt's {each} takes ({arguments}) now; see what it does with them"
            for each, arguments in replaced.items()
            if arguments != _arguments(macro)
        ]
    return found
