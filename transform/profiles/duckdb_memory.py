"""How much memory DuckDB takes in dbt: a share of the machine's, or what the setting says."""

from __future__ import annotations

import os

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

# Of DuckDB's own default, which is four fifths of the memory of the machine or, where there is
# one, of the container's limit. The rest is for dbt, Meltano and whatever else runs here.
_SHARE = 5 / 8


class Plugin(BasePlugin):
    """Sets the limit when dbt opens the file; what does not fit goes to disk."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Set ``memory_limit``.

        Args:
            conn: The connection that all others are made from.

        Raises:
            DbtRuntimeError: The setting is no size.
        """
        # In profiles.yml a change of it would make dbt parse everything anew.
        limit = os.environ.get("TARGET_DUCKDB_MEMORY_LIMIT") or _share_of_the_machine(conn)
        try:
            conn.execute("set memory_limit = $limit", {"limit": limit})
        except duckdb.Error as error:
            msg = f"TARGET_DUCKDB_MEMORY_LIMIT is {limit!r}; it has to be like 4GB: {error}"
            raise DbtRuntimeError(msg) from error


def _share_of_the_machine(conn: duckdb.DuckDBPyConnection) -> str:
    size = conn.execute("select current_setting('memory_limit')").fetchall()[0][0]
    number, unit = size.split()
    return f"{float(number) * _SHARE:.2f} {unit}"
