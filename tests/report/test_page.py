"""The page as a text: what is in it, and how values read."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from airflow_audit_report.chart_theme import AMOUNTS, BEFORE, CATEGORIES
from airflow_audit_report.page import render
from airflow_audit_report.sections import SECTIONS
from airflow_audit_report.tiles import TILES, change
from airflow_audit_report.values import format_value
from tests.report.made_up_marts import data_of
from tests.report.made_up_reports import COLUMNS, FULL, Made, made_up


class _Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))


def test_every_figure_is_made_up_and_shown():
    names = [figure.name for section in SECTIONS for figure in section.figures]
    assert sorted(names) == sorted(COLUMNS)
    text = render(made_up(Made()))
    for name in names:
        assert f'id="{name}-title"' in text


def test_a_year_of_many_environments_and_full_tables_is_small():
    environments = [f"environment-{number}" for number in range(9)]
    report = made_up(Made(environments, 365, FULL))
    figures = {each["name"]: each for section in report["sections"] for each in section["figures"]}
    assert len(figures["success_by_day"]["rows"]) > 2400
    assert len({row[0] for row in figures["success_by_day"]["rows"]}) == 7
    assert len(figures["interventions"]["rows"]) == 200
    assert figures["interventions"]["is_cut"]
    assert len(render(report).encode()) < 3_000_000


def test_which_sync_is_old_is_told_by_the_marts():
    report = made_up(Made())
    for environment in report["environments"]:
        environment["synced_at"] = "2026-11-10T08:00:00+00:00"
    assert "before this report" in render(report)
    for environment in report["environments"]:
        environment["longest_sync_age_hours"] = 24 * 365
    assert "before this report" not in render(report)


def test_the_page_names_nothing_to_load():
    reader = _Reader(render(made_up(Made())))
    loading = {"src", "srcset", "action", "data", "poster", "style"}
    for tag, attributes in reader.elements:
        assert not loading & attributes.keys(), tag
        assert attributes.get("href", "#").startswith(("#", "data:,")), tag
        assert not [name for name in attributes if name.startswith("on")], tag
    # The data, the bundle and the page's own.
    assert [tag for tag, _ in reader.elements].count("script") == 3


def test_a_long_text_is_cut_and_its_length_said():
    report = made_up(Made(text=["x" * 10_000]))
    text = render(report)
    figure = data_of(text)["figures"]["failing_dags"]
    place = [column["name"] for column in figure["columns"]].index("dag_id")
    assert {row[place] for row in figure["rows"]} == {"x" * 300 + "… (10,000 characters)"}
    assert "x" * 301 not in text
    # What was given stays as it is.
    assert "x" * 10_000 in json.dumps(report)


def test_what_json_cannot_say_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(made_up(Made(text=[float("nan")])))


def test_every_color_of_a_chart_has_one_in_each_theme():
    style = render(made_up(Made(rows=0))).split("<style>")[1].split("</style>")[0]
    used = set(
        re.findall(r"#[0-9a-f]{6}", json.dumps([f.chart for s in SECTIONS for f in s.figures]))
    )
    assert set(AMOUNTS) <= used <= {*AMOUNTS, *CATEGORIES, BEFORE}
    for color in {*AMOUNTS, *CATEGORIES, BEFORE}:
        [name] = re.findall(rf'\[fill="{color}"\] {{ fill: var\((--[\w-]+)\)', style)
        assert re.search(rf"{name}: light-dark\(#\w{{6}}, #\w{{6}}\);", style)


def sections_of(report):
    text = render(report)
    return {
        name: text.partition(f'<section id="{name}"')[2].partition("</section>")[0]
        for name in ("findings", "reliability", "inventory", "cost", "access")
    }


def test_what_is_found_is_told_first_and_leads_to_its_rows():
    report = made_up(Made())
    sections = sections_of(report)
    assert "24 things to look at, of 10 kinds, 5 of them urgent" in sections["findings"]
    told = re.findall(r'<a href="#(\w+)" dir="auto">', sections["findings"])
    assert told == [answer["figure"] for answer in report["answers"][:8]]
    assert "2 more kinds of findings" in sections["findings"]
    # A section says its worst, and then the others.
    assert 'dir="auto">orders_hourly is not as it should be</h2>' in sections["reliability"]
    assert "and 6 more: dana (analytics), ledger_close (production)" in sections["reliability"]
    assert re.findall(r'<a href="#(\w+)" dir="auto">', sections["reliability"]) == [
        "lost_time",
        "flaky_tasks",
    ]
    for figure in told:
        assert f'<article id="{figure}"' in render(report)


def test_where_all_is_well_it_says_so():
    sections = sections_of(made_up(Made()))
    assert "found nothing" in sections["inventory"]
    assert "found nothing" not in sections["reliability"]
    # No rule judges what it cost.
    assert "found nothing" not in sections["cost"]
    nothing = sections_of(made_up(Made(rows=0)))
    assert "Nothing to look at: no rule found anything" in nothing["findings"]
    assert "found nothing" in nothing["access"]
    # Rules about people know no teams.
    assert "found nothing" not in sections_of(made_up(Made(rows=0), team="finance"))["access"]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "seconds", "\u2013"),
        ("2026-11-13T06:20:59.123+00:00", "moment", "2026-11-13 06:20"),
        ("2026-11-13", "day", "2026-11-13"),
        (0, "seconds", "0 s"),
        (0.01, "seconds", "< 0.1 s"),
        (4.26, "seconds", "4.3 s"),
        (59.7, "seconds", "1 min"),
        (3599.9, "seconds", "1 h"),
        (4800, "seconds", "1 h 20 min"),
        (-90, "seconds", "\u22121 min 30 s"),
        (86_399, "seconds", "1 d"),
        (90_000_000, "seconds", "1,041 d 16 h"),
        (0.9934, "share", "99.3 %"),
        (1, "share", "100.0 %"),
        (0.9999, "share", "> 99.9 %"),
        (0.0001, "share", "< 0.1 %"),
        (0, "share", "0.0 %"),
        (1.25, "share", "125.0 %"),
        (1234.56, "hours", "1,234.6 h"),
        (0.256, "hours", "0.26 h"),
        (1_234_567, "number", "1,234,567"),
        (12.345678, "number", "12.35"),
        (True, "flag", "yes"),
        (False, "flag", "no"),
    ],
)
def test_a_value_reads_as_people_say_it(value, kind, text):
    assert format_value(value, kind) == text


@pytest.mark.parametrize(
    ("metric", "current", "previous", "text", "verdict"),
    [
        # Three times the root of 55 + 100 is 37.4.
        ("failed_runs", 55, 100, "▼ 45.0 %", "better"),
        ("failed_runs", 150, 100, "▲ 50.0 %", "worse"),
        ("failed_runs", 140, 100, "▲ 40.0 %", ""),
        ("failed_runs", 28, 33, "▼ 15.2 %", ""),
        ("failed_runs", 9, 0, "▲ 9", "worse"),
        ("failed_runs", 8, 0, "▲ 8", ""),
        ("success_share", 0.98, 0.99, "▼ 1.0 points", "worse"),
        ("success_share", 0.99, 0.98, "▲ 1.0 points", "better"),
        ("success_share", 0.988, 0.985, "▲ 0.3 points", ""),
        # No law tells what chance does with hours.
        ("wasted_hours", 3.5, 0, "▲ 3.5 h", ""),
        ("runs", 110, 100, "▲ 10.0 %", ""),
        ("runs", 100, 100, "no change", ""),
    ],
)
def test_a_change_says_how_much_and_whether_it_is_good(metric, current, previous, text, verdict):
    found = change(TILES[metric], (current, previous), share_of=(4000, 4400))
    assert (found.text, found.verdict) == (text, verdict)


@pytest.mark.parametrize(("current", "previous"), [(None, 1), (1, None), (None, None)])
def test_what_is_not_known_is_not_compared(current, previous):
    assert change(TILES["runs"], (current, previous)) is None


def test_of_a_share_of_unknown_number_nothing_is_said():
    for number in ((None, 100), (100, None), (0, 100)):
        assert change(TILES["success_share"], (0.5, 0.9), share_of=number).verdict == ""
