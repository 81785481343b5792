"""Names of tables and columns as they are sent, within what a warehouse allows.

dlt finds these classes by their full names.
"""

from __future__ import annotations

import re

from dlt.common.normalizers.naming.direct import NamingConvention


class CaseInsensitiveNames(NamingConvention):
    """Names in the case of the warehouse, for one that folds them to it."""

    @property
    def is_case_sensitive(self) -> bool:
        """Whether the case of a name is kept."""
        return False


class WordNames(NamingConvention):
    """Names of letters, digits and underscores only.

    It is what BigQuery itself makes of the names in a Parquet file, and columns are found by name.
    """

    def normalize_identifier(self, identifier: str) -> str:
        """Return a name with an underscore in place of each other character."""
        return re.sub(r"\W", "_", super().normalize_identifier(identifier), flags=re.ASCII)
