"""The report as one HTML file that loads nothing and runs no scripts but its own."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from airflow_audit_report.answers import MOST_ANSWERS, counted, headline, in_words
from airflow_audit_report.chart_theme import CONFIG
from airflow_audit_report.tiles import read_tiles
from airflow_audit_report.values import format_value

_FOLDER = Path(__file__).parent
_LONGEST_TEXT = 300
# More are collapsed.
_MOST_ENVIRONMENTS = 6
_READ_BY_THE_SCRIPT = ("title", "columns", "rows", "is_cut", "chart", "empty")
# What could end a script element or a line of it.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def render(report: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        report: The result of `make_report`.
    """
    cut = _cut({name: value for name, value in report.items() if name != "sections"})
    answers = in_words(cut)
    filter_words = _filter_words(cut["filter"])
    sections = [
        _section(section, answers, is_first=place == 0)
        for place, section in enumerate(report["sections"])
    ]
    environments = [_environment(each, report) for each in cut["environments"]]
    style = _text("page.css")
    scripts = [_charts_bundle(), _text("page.js")]
    return (
        _templates()
        .get_template("page.html.jinja")
        .render(
            report=cut,
            sections=sections,
            environments=environments,
            environments_are_folded=len(environments) > _MOST_ENVIRONMENTS,
            filter_words=filter_words,
            policy=_policy(scripts, style),
            style=Markup(style),  # noqa: S704
            scripts=[Markup(script) for script in scripts],  # noqa: S704
            data=Markup(_script_json(_data(cut, sections))),  # noqa: S704
        )
    )


def _section(
    section: Mapping[str, Any], answers: list[dict[str, Any]], *, is_first: bool
) -> dict[str, Any]:
    """Add what the rules say; the first section tells the worst of all."""
    own = [answer for answer in answers if is_first or answer["section"] == section["name"]]
    return {
        **section,
        "id": section["name"].lower().replace(" ", "-"),
        "is_first": is_first,
        "is_judged": is_first or section["is_judged"],
        "headline": headline(own) if is_first else own[0]["sentence"] if own else "",
        "lead": None if is_first or not own else own[0],
        "answers": own[:MOST_ANSWERS] if is_first else own[1:],
        "more_answers": max(0, len(own) - MOST_ANSWERS) if is_first else 0,
        "severity": own[0]["severity"] if own else "",
        "finding_count": sum(answer["finding_count"] for answer in own),
        "figures": [_figure(figure) for figure in section["figures"]],
    }


def _figure(figure: Mapping[str, Any]) -> dict[str, Any]:
    rows = _cut(figure["rows"])
    return {
        **figure,
        "rows": rows,
        "tiles": list(_tiles(rows)) if figure["is_tiles"] else [],
        "meanings": [column for column in figure["columns"] if column["meaning"]],
    }


def _tiles(rows: list[list[Any]]) -> Iterator[dict[str, Any]]:
    for tile, (current, previous), change in read_tiles(rows):
        yield {
            "label": tile.label,
            "value": format_value(current, tile.kind),
            "before": None if previous is None else format_value(previous, tile.kind),
            "change": change,
        }


def _environment(environment: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """Add the age of the last sync, if it is old and the period needs a newer one."""
    synced_at, until, made_at = (
        datetime.fromisoformat(moment)
        for moment in (environment["synced_at"], report["period"]["until"], report["made_at"])
    )
    age = made_at - synced_at
    longest_age = timedelta(hours=float(environment["longest_sync_age_hours"]))
    is_old = age > longest_age and synced_at <= until
    return {**environment, "age": format_value(age.total_seconds(), "seconds") if is_old else None}


def _filter_words(chosen: Mapping[str, str | None]) -> str:
    return " and ".join(f"{name} {value}" for name, value in chosen.items() if value)


def _data(report: Mapping[str, Any], sections: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the data of the page's script: rows, and charts."""
    return {
        "period": report["period"],
        "config": CONFIG,
        "figures": {
            figure["name"]: {name: figure[name] for name in _READ_BY_THE_SCRIPT}
            for section in sections
            for figure in section["figures"]
            if not figure["is_tiles"]
        },
    }


def _cut(value: Any) -> Any:  # noqa: ANN401
    """Return the value with its texts cut to a length that a table can show."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]}… ({len(value):,} characters)"
    if isinstance(value, Mapping):
        return {name: _cut(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(each) for each in value]
    return value


def _script_json(value: Any) -> str:  # noqa: ANN401
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_ESCAPES)


def _policy(scripts: list[str], style: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src {_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def _charts_bundle() -> str:
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["format_value"] = format_value
    templates.filters["counted"] = counted
    return templates
