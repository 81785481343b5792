"""What tests of the report share."""

from tests.report.browser import browser

__all__ = ["browser"]
