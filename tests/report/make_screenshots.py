"""Pictures of a report: `python -m tests.report.make_screenshots report.html docs/report`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Browser

from tests.report.browser import MISSING, find_program, started

_MOST_BYTES = 300_000
# The top of the page, and sections that show what the charts look like.
_PLACES = {"overview": "body", "reliability": "#reliability", "timeliness": "#timeliness"}


def main() -> None:
    """Write a picture of each place, in light and in dark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path, help="the HTML file")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    arguments = parser.parse_args()
    if not find_program():
        sys.exit(MISSING)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with started() as browser:
        for scheme in ("light", "dark"):
            _photograph(browser, arguments.report, arguments.folder, scheme)


def _photograph(browser: Browser, report: Path, folder: Path, scheme: str) -> None:
    with browser.new_context(
        viewport={"width": 1280, "height": 1000},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    ) as context:
        page = context.new_page()
        page.goto(report.resolve().as_uri())
        page.wait_for_selector("html[data-drawn]")
        for name, place in _PLACES.items():
            page.locator(place).evaluate("(element) => element.scrollIntoView()")
            path = folder / f"{name}-{scheme}.png"
            page.screenshot(path=path)
            size = path.stat().st_size
            if size > _MOST_BYTES:
                sys.exit(f"{path} has {size:,} bytes, more than {_MOST_BYTES:,}")
            sys.stdout.write(f"{path}: {size:,} bytes\n")


if __name__ == "__main__":
    main()
