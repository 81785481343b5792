"""A real browser, and what it has to say about a page."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from airflow_audit_report.page import render

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_BACKGROUND_AND_GRID = 5
MISSING = "no Chromium in PATH; on Debian and Ubuntu: apt install chromium"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; without one its tests are skipped, and say how to get it.

    No longer than a module: while it is open, its event loop runs, and nothing else may start one.
    """
    if not find_program():
        pytest.skip(MISSING)
    with started() as opened:
        yield opened


def find_program() -> str | None:
    """Return the browser's path; None if there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def started() -> Iterator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        # A container has no user namespaces to make a sandbox of; the pages are our own.
        browser = playwright.chromium.launch(executable_path=find_program(), args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser,
    path: Path,
    *,
    expected: str | None = None,
    width: int = 1280,
    **context: Any,
) -> Iterator[Page]:
    """Open a file and wait until its charts are drawn.

    Args:
        browser: To open it with.
        path: Of the file.
        expected: A part of the messages that the test itself provokes; it may try requests too.
        width: Of the window.
        context: As Playwright has them.
    """
    problems: list[str] = []
    requests: list[str] = []
    with browser.new_context(viewport={"width": width, "height": 900}, **context) as made:
        page = made.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        if context.get("java_script_enabled", True):
            page.wait_for_selector("html[data-drawn]", timeout=60_000)
        yield page
        page.wait_for_timeout(50)
    assert [each for each in problems if not (expected and expected in each)] == []
    if not expected:
        loaded = [each for each in requests if not each.startswith(("blob:", "data:"))]
        assert loaded == [path.as_uri()]


def written(report: Mapping[str, Any], folder: Path) -> Path:
    """Write the page of a report, and return the file."""
    path = folder / "report.html"
    path.write_text(render(report), encoding="utf-8")
    return path


def not_drawn(browser: Browser, page: Page) -> list[str | None]:
    """Name the figures whose charts show no more than a background, in the page's own pixels."""
    with browser.new_page() as canvas:
        return [
            box.get_attribute("data-figure")
            for box in page.locator(".chart").all()
            if _colors(canvas, box.locator("svg").screenshot()) <= _BACKGROUND_AND_GRID
        ]


def _colors(page: Page, picture: bytes) -> int:
    """Count the colours of a PNG, by the browser's own reading of it."""
    canvas = """async (picture) => {
        const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes]));
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const context = canvas.getContext("2d");
        context.drawImage(bitmap, 0, 0);
        const {data} = context.getImageData(0, 0, bitmap.width, bitmap.height);
        return new Set(new Uint32Array(data.buffer)).size;
    }"""
    count: int = page.evaluate(canvas, base64.b64encode(picture).decode())
    return count
