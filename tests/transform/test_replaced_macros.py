"""dbt still has the macros in whose place ours stand; of the clouds, test_warehouses.py tells."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.transform.replaced_macros import misfits


def test_dbt_still_has_the_macros_that_are_replaced(manifest: dict[str, Any]) -> None:
    assert misfits(list(manifest["macros"].values()), "duckdb") == []


@pytest.mark.parametrize(
    ("folder", "ours", "dbts", "misfit"),
    [
        ("macros/dbt_overrides", "snowflake__quote(text)", "default__quote(text)", None),
        ("macros/dbt_overrides", "redshift__quote(a)", "default__quote(text)", None),
        ("macros", "snowflake__quoted(text)", "default__quote(text)", None),
        ("macros/dbt_overrides", "default__quote(text)", "quotes(text)", "any more"),
        ("macros/dbt_overrides", "default__quote(a)", "snowflake__quote(a, b)", r"\(a, b\) now"),
        ("macros/dbt_overrides", "quote(text)", "quote(text, kind)", r"\(text, kind\) now"),
        ("macros", "quote(text)", "quote(text)", "move it"),
    ],
)
def test_a_macro_that_dbt_changed_is_noticed(
    folder: str, ours: str, dbts: str, misfit: str | None
) -> None:
    macros = [
        {
            "name": signature.partition("(")[0],
            "macro_sql": f"{{% macro {signature} %}}{{% endmacro %}}",
            "package_name": package,
            "original_file_path": f"{folder}/quote.sql",
        }
        for package, signature in (("airflow_audit", ours), ("dbt", dbts))
    ]
    found = misfits(macros, "snowflake")
    assert [bool(re.search(misfit or "nothing", each)) for each in found] == [True] * bool(misfit)
