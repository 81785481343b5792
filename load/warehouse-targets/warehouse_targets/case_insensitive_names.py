"""dlt's naming convention `direct` for warehouses that fold names to one case.

dlt takes the class from a module that a setting names.
"""

from __future__ import annotations

from dlt.common.normalizers.naming.direct import NamingConvention as DirectNaming


class NamingConvention(DirectNaming):
    """Names as they are sent, in the case of the warehouse."""

    @property
    def is_case_sensitive(self) -> bool:
        """Whether the case of a name is kept."""
        return False
