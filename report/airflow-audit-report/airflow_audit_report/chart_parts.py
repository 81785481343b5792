"""Parts of Vega-Lite specifications that several charts share: data, transforms and encodings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_audit_report.chart_theme import AMOUNTS, CATEGORIES
from airflow_audit_report.columns import column_of


def day_data(day: str) -> dict[str, Any]:
    """Return the page's rows, with a column of days that is parsed as UTC."""
    return {"name": "rows", "format": {"parse": {day: "utc:'%Y-%m-%d'"}}}


def fill_missing(category: str) -> dict[str, Any]:
    """Return a transform that shows missing categories as `(none)`."""
    return {
        "calculate": f"isValid(datum.{category}) ? '' + datum.{category} : '(none)'",
        "as": category,
    }


def day_axis(day: str) -> dict[str, Any]:
    """Return the horizontal encoding of days, over the whole period."""
    return {
        "field": day,
        "type": "temporal",
        "title": None,
        "scale": {
            "type": "utc",
            "domainMin": {"expr": "since"},
            "domainMax": {"expr": "until"},
            "nice": False,
        },
        "axis": {
            "format": "%d %b",
            "values": {"expr": "sequence(since, until, label_days)"},
            "grid": False,
        },
    }


def hour_axis(hour: str) -> dict[str, Any]:
    """Return the horizontal encoding of the hours of a day."""
    return {
        "field": hour,
        "type": "ordinal",
        "title": "Hour (UTC)",
        "scale": {"domain": list(range(24))},
        "axis": {"labelAngle": 0, "labelOverlap": True},
    }


def series_color(series: str) -> dict[str, Any]:
    """Return the colour encoding of a column whose texts name series."""
    return {
        "field": series,
        "type": "nominal",
        "title": None,
        "scale": {"range": list(CATEGORIES)},
    }


def steps(column: str, steps: Sequence[float]) -> list[dict[str, Any]]:
    """Return transforms that count the steps a value reaches, and drop missing values.

    The legend of Vega-Lite's own threshold scale is unreadable.
    """
    reached = " + ".join(f"(datum.{column} >= {step})" for step in steps)
    return [
        {"filter": f"isValid(datum.{column})"},
        {"calculate": reached, "as": "amount"},
    ]


def ticks(column: str) -> list[dict[str, Any]]:
    """Return transforms that count the ticks a value reaches, and drop missing values."""
    return [
        {"filter": f"isValid(datum.{column})"},
        {
            "calculate": f"min(floor(datum.{column} / tick), {len(AMOUNTS) - 1})",
            "as": "amount",
        },
    ]


def amount_color(title: str, label: str, colors: Sequence[str] = AMOUNTS) -> dict[str, Any]:
    """Return the colour encoding of the field `amount` that `steps` and `ticks` compute."""
    return {
        "field": "amount",
        "type": "ordinal",
        "title": title,
        "scale": {"domain": list(range(len(AMOUNTS))), "range": list(colors)},
        "legend": {"labelExpr": label, "columns": {"expr": "legend_columns"}},
    }


def step_labels(steps: Sequence[float], *, most: str = "≥ 100 %") -> str:
    """Return the expression for the legend of `steps`."""
    words = [f"< {steps[0]:.0%}", *(f"≥ {step:.0%}" for step in steps[:-1])]
    return f"{[*(text.replace('%', ' %') for text in words), most]}[datum.value]"


def value_axis(column: str) -> dict[str, Any]:
    """Return the axis of a column of numbers."""
    kind = column_of(column).kind
    # Counts are whole.
    whole = {"tickMinStep": 1} if kind == "number" else {}
    return {"format": kind, "formatType": "formatValue", **whole}


def tooltip(column: str) -> dict[str, Any]:
    """Return the tooltip of a column."""
    return {
        "field": column,
        "type": "nominal",
        "title": label(column),
        "format": column_of(column).kind,
        "formatType": "formatValue",
    }


def day_tooltip(day: str) -> dict[str, Any]:
    """Return the tooltip of a column of days."""
    return {
        "field": day,
        "type": "temporal",
        "title": "Day (UTC)",
        "timeUnit": "utcyearmonthdate",
        "format": "%a %Y-%m-%d",
    }


def label(column: str) -> str:
    """Return what a column is called, as tables call it."""
    return column_of(column).label
