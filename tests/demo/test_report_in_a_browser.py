"""The demo's report as a reader sees it: what stands there is what the source says.

`test_report_figures_equal_the_source.py` holds these figures to the metadata databases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from airflow_audit_report.sections import SECTIONS
from airflow_audit_report.tiles import TILES
from airflow_audit_report.values import format_value
from tests.demo.demo_runs import REPORT
from tests.demo.report_figures import ReportFigures
from tests.report.browser import browser, not_drawn, opened

__all__ = ["browser"]

FIGURES = [figure for section in SECTIONS for figure in section.figures]
MOST_ROWS = 20


@pytest.fixture
def page(browser: Browser, first_demo: tuple[Path, str]) -> Iterator[Page]:
    """The page; it may neither complain nor ask for anything."""
    with opened(browser, first_demo[0] / REPORT) as page:
        yield page


def article(page: Page, name: str):
    return page.locator(f'article[aria-labelledby="{name}-title"]')


def test_tiles_say_the_numbers(page: Page, figures: ReportFigures) -> None:
    tiles = {}
    for figure in FIGURES:
        if figure.is_tiles:
            box = article(page, figure.name)
            labels = box.locator("dt").all_inner_texts()
            values = box.locator("dd.value").all_inner_texts()
            tiles |= dict(zip(labels, values, strict=True))
            for metric, (now, _) in figures.numbers(figure.name).items():
                tile = TILES[metric]
                assert tiles[tile.label] == format_value(now, tile.kind), metric
    assert len(tiles) == len(TILES) > 15


def test_tables_have_the_rows(page: Page, figures: ReportFigures) -> None:
    answers = figures.ask()
    page.locator("details").evaluate_all("(all) => all.forEach((each) => { each.open = true; })")
    for figure in FIGURES:
        rows = answers[figure.name]
        if figure.is_tiles or not rows:
            continue
        box = article(page, figure.name)
        assert box.locator("tbody tr").count() == min(len(rows), MOST_ROWS), figure.name
        count = box.locator(".count").inner_text()
        numbers = [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", count)]
        charted = len(rows) if figure.chart else min(len(rows), 200)
        assert charted in numbers, (figure.name, count)
        cells = box.locator("tbody tr").first.locator("td").all_inner_texts()
        texts = [value for value in rows[0].values() if isinstance(value, str)]
        assert [cell for cell in cells if cell in texts] == texts, figure.name


def test_every_chart_is_drawn(page: Page, browser: Browser) -> None:
    assert page.locator(".chart").count() == sum(bool(figure.chart) for figure in FIGURES)
    assert not_drawn(browser, page) == []


def test_nothing_serious_stands_in_the_way_of_anybody(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in {"serious", "critical"}] == []
