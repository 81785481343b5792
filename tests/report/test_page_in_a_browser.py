"""The page in a real browser: drawn, read, sorted, printed, and attacked."""

from __future__ import annotations

import csv
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe

from airflow_audit_report.sections import SECTIONS
from airflow_audit_report.values import format_value
from tests.report.browser import not_drawn, opened, written
from tests.report.made_up_marts import data_of
from tests.report.made_up_reports import FULL, Made, made_up

CHARTS = [figure.name for section in SECTIONS for figure in section.figures if figure.chart]
UNKNOWN, MINUS = "\u2013", "\u2212"
HOSTILE = [
    "<script>window.hacked=1</script>",
    "</script><img src=x onerror=window.hacked=2>",
    "<!--<script>",
    "__proto__",
    "constructor",
    "\"'`&amp;${window.hacked=3}{{7*7}}",
    "👩‍💻 日本語 \u202eoverride",
    "مرحبا بالعالم",
    "line\nbreak\ttab\u2028",
    "=cmd|' /C calc'!A0",
    "javascript:window.hacked=4",
    "null",
    "x" * 10_000,
]
REPORTS = {
    "typical": Made(),
    "empty": Made(rows=0),
    "hostile": Made(environments=HOSTILE, text=HOSTILE),
    "hundred": Made([f"team-{number}-production" for number in range(100)]),
    "year": Made([f"environment-{number}" for number in range(9)], 365, FULL),
}


def figure_of(report, name):
    [figure] = [
        figure
        for section in report["sections"]
        for figure in section["figures"]
        if figure["name"] == name
    ]
    return figure


@pytest.fixture(scope="module", params=REPORTS)
def any_report(request, tmp_path_factory):
    return written(made_up(REPORTS[request.param]), tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def typical(tmp_path_factory):
    return written(made_up(REPORTS["typical"]), tmp_path_factory.mktemp("typical"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    report = made_up(REPORTS["hostile"], team=HOSTILE[1])
    report["sections"][0]["figures"][0]["sql"] = "select '</code></pre><script>window.hacked=5'"
    for row, name in zip(figure_of(report, "failing_dags")["rows"], HOSTILE, strict=False):
        row[1] = name
    return written(report, tmp_path_factory.mktemp("hostile"))


def with_rows(name, rows, columns=None):
    """Return a report of which one figure has given rows."""
    report = made_up(Made())
    figure = figure_of(report, name)
    figure["rows"] = rows
    if columns:
        figure["columns"] = columns
    return report


def columns_of(kinds):
    """Return a column of each kind, that is called so."""
    return [{"name": kind, "label": kind, "kind": kind, "meaning": ""} for kind in kinds]


def table(page, name):
    return page.locator(f'.table[data-figure="{name}"]')


def column(page, name, place):
    return table(page, name).locator(f"tbody td:nth-child({place + 1})").all_inner_texts()


def unfold(page):
    page.locator("details").evaluate_all("(all) => all.forEach((each) => { each.open = true; })")


def scrolls_sideways(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.mark.parametrize("width", [1280, 320])
def test_it_opens_without_a_complaint_and_is_as_wide_as_the_window(browser, any_report, width):
    with opened(browser, any_report, width=width) as page:
        assert page.locator("h1").count() == 1
        assert not scrolls_sideways(page)
        unfold(page)
        assert not scrolls_sideways(page)
        page.emulate_media(color_scheme="dark")
        assert not scrolls_sideways(page)


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("typical", "light"), ("typical", "dark"), ("year", "light"), ("hostile", "dark")],
)
def test_every_chart_is_drawn(browser, tmp_path, name, scheme):
    path = written(made_up(REPORTS[name]), tmp_path)
    with opened(browser, path, color_scheme=scheme) as page:
        boxes = page.locator(".chart")
        assert boxes.evaluate_all("(all) => all.map((box) => box.dataset.figure)") == CHARTS
        for box in boxes.all():
            assert box.locator(".role-mark path").count() > 3
        assert not_drawn(browser, page) == []


def test_marks_and_texts_of_charts_have_the_theme_s_colors(browser, typical):
    fill = """() => [...document.querySelectorAll('.drawing [fill="#0072b2"], .drawing text')]
        .map((each) => getComputedStyle(each).fill)"""
    with opened(browser, typical, color_scheme="light") as page:
        light = page.evaluate(fill)
        page.get_by_role("button", name="Dark colours").click()
        dark = page.evaluate(fill)
        assert len(light) == len(dark) > 100
        assert all(before != after for before, after in zip(light, dark, strict=True))


def test_charts_follow_the_width_of_the_window(browser, typical):
    widths = """() => [...document.querySelectorAll('.drawing')]
        .map((box) => [box.clientWidth, box.querySelector('svg').width.baseVal.value])"""
    with opened(browser, typical) as page:
        for box, drawing in page.evaluate(widths):
            assert box > 900
            assert drawing <= box + 1
        page.set_viewport_size({"width": 360, "height": 800})
        page.wait_for_function(
            """() => [...document.querySelectorAll('.drawing')].every((box) =>
            box.querySelector('svg')?.width.baseVal.value <= box.clientWidth + 1)"""
        )
        assert all(box < 330 for box, _ in page.evaluate(widths))


def test_where_there_is_nothing_it_says_so(browser, tmp_path):
    report = made_up(REPORTS["empty"])
    with opened(browser, written(report, tmp_path)) as page:
        figures = [figure for section in report["sections"] for figure in section["figures"]]
        for figure in figures:
            box = page.locator(f'article[aria-labelledby="{figure["name"]}-title"]')
            said = box.get_by_text(figure["empty"], exact=True).count()
            assert said == (0 if figure["is_tiles"] else 1)
            drawn = box.get_by_text("Nothing to draw in this period.").count()
            assert drawn == bool(figure["chart"])
        assert page.locator("svg").count() == 0


@pytest.mark.parametrize(
    ("place", "first", "second"),
    [
        (0, ["a2", "a10", "B", UNKNOWN], ["B", "a10", "a2", UNKNOWN]),
        (1, ["1,000", "9", f"{MINUS}2", UNKNOWN], [f"{MINUS}2", "9", "1,000", UNKNOWN]),
        (
            2,
            ["2026-11-02 01:00", "2026-11-01 23:59", "2025-12-31 00:00", UNKNOWN],
            ["2025-12-31 00:00", "2026-11-01 23:59", "2026-11-02 01:00", UNKNOWN],
        ),
        (3, ["1 h", "59 s", "2 s", UNKNOWN], ["2 s", "59 s", "1 h", UNKNOWN]),
        (4, ["yes", "yes", "no", UNKNOWN], ["no", "yes", "yes", UNKNOWN]),
    ],
)
def test_a_column_sorts_by_its_values_and_what_is_not_known_stays_last(
    browser, tmp_path, place, first, second
):
    kinds = ("text", "number", "moment", "seconds", "flag")
    columns = columns_of(kinds)
    rows = [
        ["a10", 9, "2026-11-01T23:59:00+00:00", 59, True],
        [None, None, None, None, None],
        ["B", -2, "2025-12-31T00:00:00+00:00", 3600, False],
        ["a2", 1000, "2026-11-02T01:00:00+00:00", 2, True],
    ]
    path = written(with_rows("failing_dags", rows, columns), tmp_path)
    with opened(browser, path) as page:
        heading = table(page, "failing_dags").locator("th").nth(place)
        heading.get_by_role("button").click()
        assert column(page, "failing_dags", place) == first
        direction = heading.get_attribute("aria-sort")
        heading.get_by_role("button").click()
        assert column(page, "failing_dags", place) == second
        assert {direction, heading.get_attribute("aria-sort")} == {"ascending", "descending"}
        assert table(page, "failing_dags").locator("th[aria-sort]").count() == 1


def test_values_read_as_they_do_outside_of_the_page(browser, tmp_path):
    kinds = ("seconds", "share", "hours", "number")
    numbers = [0, 0.01, 0.04, 0.3, 0.7, 0.9934, 0.99999, 1, 1.5, 4.26, 59.7, 61, 3599.9, 4800, -90]
    numbers += [86_399, 90_000_000, 1234.56, 12.345678, 0.256, -0.5, 123_456_789]
    rows = [[number] * len(kinds) for number in numbers]
    columns = columns_of(kinds)
    path = written(with_rows("failing_dags", rows, columns), tmp_path)
    with opened(browser, path) as page:
        table(page, "failing_dags").get_by_role("button", name="Show all").click()
        for place, kind in enumerate(kinds):
            expected = [format_value(number, kind) for number in numbers]
            assert column(page, "failing_dags", place) == expected


def test_a_table_shows_twenty_rows_then_all_and_finds_by_any_text(browser, tmp_path):
    report = made_up(Made(rows=FULL))
    with opened(browser, written(report, tmp_path)) as page:
        box = table(page, "interventions")
        assert box.locator("tbody tr").count() == 20
        cut = "20 of 200 rows; only the first 200 are in this report"
        assert box.locator(".count").inner_text() == cut
        box.get_by_role("button", name="Show all").click()
        assert box.locator("tbody tr").count() == 200
        assert not box.get_by_role("button", name="Show all").is_visible()
        box.get_by_role("searchbox").fill("PAYROLL")
        texts = box.locator("tbody tr").all_inner_texts()
        assert 0 < len(texts) < 200
        assert all("payroll" in text for text in texts)
        assert box.locator(".count").inner_text().startswith(f"{len(texts)} of 200 rows")
        box.get_by_role("searchbox").fill("no such text")
        assert box.locator("tbody tr").all_inner_texts() == ["No row has this text."]


def test_what_is_filtered_and_sorted_is_exported(browser, tmp_path):
    columns = [
        {"name": "dag_id", "label": "DAG", "kind": "text", "meaning": ""},
        {"name": "run_count", "label": "Runs", "kind": "number", "meaning": ""},
        {"name": "last_failed_at", "label": "Last failed", "kind": "moment", "meaning": ""},
    ]
    rows = [
        ['keep "quoted", and\nbroken', 1, "2026-11-01T23:59:00+00:00"],
        ["=keep()", -2, None],
        ["+keep", 3.5, None],
        ["-keep", 4, None],
        ["@keep", 5, None],
        ["other", 6, None],
        ["plain keep", None, None],
    ]
    path = written(with_rows("failing_dags", rows, columns), tmp_path)
    with opened(browser, path) as page:
        box = table(page, "failing_dags")
        box.get_by_role("searchbox").fill("keep")
        box.get_by_role("button", name="Runs").click()
        with page.expect_download() as download:
            box.get_by_role("button", name="Export as CSV").click()
        assert download.value.suggested_filename == "failing_dags.csv"
        text = download.value.path().read_bytes().decode("utf-8-sig")
    lines = text.split("\r\n")
    assert lines[0] == "dag_id,run_count,last_failed_at"
    assert lines[-1] == ""
    assert list(csv.reader(text.splitlines(keepends=True)))[1:] == [
        ["'@keep", "5", ""],
        ["'-keep", "4", ""],
        ["'+keep", "3.5", ""],
        ['keep "quoted", and\nbroken', "1", "2026-11-01T23:59:00+00:00"],
        ["'=keep()", "-2", ""],
        ["plain keep", "", ""],
    ]


def test_colors_change_at_a_click(browser, typical):
    background = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, typical, color_scheme="light") as page:
        light = page.evaluate(background)
        page.locator("#theme").click()
        dark = page.evaluate(background)
        assert dark != light
        page.locator("#theme").click()
        assert page.evaluate(background) == light
    with opened(browser, typical, color_scheme="dark") as page:
        assert page.evaluate(background) == dark


def test_on_paper_are_all_charts_and_no_controls(browser, typical):
    visible = "(each) => each.checkVisibility()"
    with opened(browser, typical, color_scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="dark")
        for name in (".control", "input", "nav", ".origin", "details.numbers"):
            found = page.locator(name).all()
            assert found
            assert not [each for each in found if each.evaluate(visible)], name
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        # As wide as paper, without drawing anew.
        page.evaluate("document.body.style.width = '680px'")
        for name in CHARTS:
            box = page.locator(f'.chart[data-figure="{name}"]')
            svg = box.locator("svg").bounding_box()
            assert svg["height"] > 50
            assert svg["x"] + svg["width"] <= 680 + 1
        page.evaluate("document.body.style.width = ''")
        pages = page.pdf(format="A4").count(b"/Type /Page\n")
        assert 5 < pages < 80


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_nothing_serious_stands_in_the_way_of_anybody(browser, tmp_path, width, scheme):
    environments = REPORTS["hundred"].environments
    path = written(made_up(Made(environments, rows=3), team="finance"), tmp_path)
    with opened(browser, path, width=width, color_scheme=scheme) as page:
        unfold(page)
        found = Axe().run(page).response
        assert len(found["passes"]) > 20
        assert [
            (violation["id"], violation["nodes"][0]["html"])
            for violation in found["violations"]
            if violation["impact"] in {"serious", "critical"}
        ] == []


def test_the_keyboard_sorts(browser, typical):
    with opened(browser, typical) as page:
        focused = "document.activeElement.closest('th')?.textContent"
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(focused):
                break
        assert page.evaluate(focused) == "Severity"
        page.keyboard.press("Enter")
        assert page.locator("th[aria-sort=ascending]").count() == 1
        assert page.evaluate(focused) == "Severity"


def test_headings_and_charts_say_what_they_are(browser, typical):
    with opened(browser, typical) as page:
        levels = page.evaluate(
            "[...document.querySelectorAll('h1, h2, h3')].map((each) => +each.tagName[1])"
        )
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        for landmark in ("banner", "navigation", "main", "contentinfo"):
            assert page.get_by_role(landmark).count() == 1
        labels = [each.get_attribute("aria-label") for each in page.get_by_role("img").all()]
        assert len(set(labels)) == len(CHARTS)
        assert all(len(label) > 40 for label in labels)


def test_without_scripts_it_says_why_there_are_no_tables(browser, typical):
    with opened(browser, typical, java_script_enabled=False) as page:
        assert page.locator("noscript p").is_visible()
        assert page.locator(".tile").count() > 15
        assert not page.locator("#theme").is_visible()


def test_a_query_can_be_copied(browser, typical):
    with opened(browser, typical, permissions=["clipboard-read", "clipboard-write"]) as page:
        box = page.locator('article[aria-labelledby="failing_dags-title"]')
        box.get_by_text("Where this comes from").click()
        box.get_by_role("button", name="Copy").click()
        box.get_by_text("Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == box.locator("pre").inner_text()
        assert copied.startswith("-- report_failing_dags\nselect environment_slug")


def test_a_filter_says_where_it_does_not_apply(browser, tmp_path):
    report = made_up(Made(), team="finance")
    with opened(browser, written(report, tmp_path)) as page:
        assert "team finance" in page.locator("header").inner_text()
        for section in report["sections"]:
            for figure in section["figures"]:
                box = page.locator(f'article[aria-labelledby="{figure["name"]}-title"]')
                said = box.locator(".everything").count()
                assert said == (not figure["is_by_dag"]), figure["name"]


def test_an_old_sync_stands_out_and_many_environments_are_folded_away(browser, tmp_path):
    report = made_up(Made())
    report["environments"][1]["synced_at"] = "2026-11-10T08:00:00+00:00"
    with opened(browser, written(report, tmp_path)) as page:
        [old] = page.locator(".environments .old").all_inner_texts()
        assert "analytics" in old
        assert "3 d before this report" in old
    # Of a period that is over, a sync after its end has everything.
    report["period"]["until"] = "2026-11-09T00:00:00+00:00"
    with opened(browser, written(report, tmp_path)) as page:
        assert page.locator(".environments .old").count() == 0
    with opened(browser, written(made_up(REPORTS["hundred"]), tmp_path)) as page:
        summary = page.locator("header summary")
        old = page.locator(".environments .old").count()
        assert old > 0
        assert summary.inner_text() == f"100 environments, ⚠ {old} with an old sync"
        assert not page.locator(".environments").is_visible()
        summary.click()
        assert page.locator(".environments li").count() == 100


def test_hostile_names_are_texts_and_run_nowhere(browser, hostile):
    rows = data_of(hostile.read_text(encoding="utf-8"))["figures"]["failing_dags"]["rows"]
    natives = "Object.getOwnPropertyNames(Object.prototype).sort().join()"
    with opened(browser, hostile) as page, browser.new_page() as blank:
        unfold(page)
        for button in page.locator(".tools .more:not([hidden])").element_handles():
            button.click()
        assert page.evaluate("window.hacked") is None
        assert page.evaluate(natives) == blank.evaluate(natives)
        assert page.locator("main img, .environments img, main script").count() == 0
        found = table(page, "failing_dags").locator("tbody tr td:nth-child(2)")
        assert found.evaluate_all("(cells) => cells.map((cell) => cell.textContent)") == [
            row[1] for row in rows
        ]
        assert [row[1] for row in rows][: len(HOSTILE) - 1] == HOSTILE[:-1]
        slugs = page.locator(".environments strong").all_text_contents()
        assert slugs[: len(HOSTILE) - 1] == HOSTILE[:-1]
        assert HOSTILE[1] in page.locator(".filter").inner_text()
        # Bars are named by them too, and say them when they are pointed at.
        box = page.locator('.chart[data-figure="failures_by_team"]')
        names = box.locator(".role-axis-label text").all_text_contents()
        assert {"<script>window.hacked=1</script>", "__proto__\u200b"} <= set(names)
        box.locator(".mark-rect.role-mark path").nth(1).hover()
        tip = page.locator("#vg-tooltip-element")
        assert HOSTILE[1] in tip.inner_text()
        assert tip.locator("img").count() == 0
        assert page.evaluate("window.hacked") is None


def test_the_policy_stops_what_is_not_the_page_s_own(browser, hostile):
    with opened(browser, hostile, expected="Content Security Policy") as page:
        page.evaluate(
            """() => {
                window.stopped = [];
                addEventListener("securitypolicyviolation", (event) =>
                    window.stopped.push(event.effectiveDirective));
                const script = document.createElement("script");
                script.textContent = "window.hacked = 6";
                const style = document.createElement("style");
                style.textContent = "body { display: none }";
                const image = document.createElement("img");
                image.src = "http://127.0.0.1:9/picture";
                const frame = document.createElement("iframe");
                frame.src = "http://127.0.0.1:9/frame";
                document.body.append(script, style, image, frame);
                fetch("http://127.0.0.1:9/").catch(() => {});
            }"""
        )
        page.wait_for_function("() => window.stopped.length >= 5")
        stopped = page.evaluate("window.stopped")
        assert {"script-src-elem", "style-src-elem", "img-src", "frame-src", "connect-src"} == {
            *stopped
        }
        assert page.evaluate("window.hacked") is None
        assert page.locator("h1").is_visible()
