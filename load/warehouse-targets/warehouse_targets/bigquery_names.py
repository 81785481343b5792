"""Names of columns in BigQuery: as they are sent, but of letters, digits and underscores only.

It is what BigQuery itself makes of the names in a Parquet file, and columns are found by name.
"""

from __future__ import annotations

import re

from dlt.common.normalizers.naming.direct import NamingConvention as DirectNamingConvention


class NamingConvention(DirectNamingConvention):
    """dlt's convention for a module of this name."""

    def normalize_identifier(self, identifier: str) -> str:
        """Return a name with an underscore in place of each other character."""
        return re.sub(r"\W", "_", super().normalize_identifier(identifier), flags=re.ASCII)
