"""Charts as Vega-Lite specifications without data, whose fields are columns of a figure.

The page adds the rows; the function `formatValue`, which formats values as the tables do; a height,
where `usermeta` says that it depends on the rows; and the parameters `since` and `until` (the
whole days of the period), `first_week` and `last_week` (Mondays), `label_days` and `label_weeks`
(milliseconds between labels), `legend_columns`, `point_size`, and `tick` (a readable step of
seconds).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_audit_report.chart_parts import (
    amount_color,
    day_axis,
    day_data,
    day_tooltip,
    fill_missing,
    hour_axis,
    label,
    series_color,
    step_labels,
    steps,
    ticks,
    tooltip,
    value_axis,
)
from airflow_audit_report.chart_theme import AMOUNTS, BEFORE, CATEGORIES

Chart = Mapping[str, Any]

_MOST_BARS = 15
_TICKS = 5
_ROW_HEIGHT = 22
_WEEKDAYS = "['', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][datum.value]"
_DAY_SECONDS = 24 * 60 * 60
_SHARES_OF_SUCCESS = [0.5, 0.8, 0.9, 0.95, 0.99, 1]
_LABELS_OF_TICKS = (
    "(datum.value ? '≥ ' : '< ') + formatValue(max(datum.value, 1) * tick, 'seconds')"
)
_SHARES_IN_USE = [0.1, 0.25, 0.5, 0.75, 0.9, 1]


def bars(category: str, value: str, *, before: str | None = None, part: str | None = None) -> Chart:
    """Compare the first categories, one bar each.

    Args:
        category: Column whose texts name the bars; they keep the rows' order.
        value: Column of the bars' length.
        before: Column of the same in the period before, drawn as a mark.
        part: Column of a part of the value, drawn over it.
    """
    length = {"type": "quantitative", "title": None, "axis": value_axis(value)}
    named = [value, *([part] if part else [])]
    layers: list[Chart] = [
        {
            "mark": {"type": "bar", "height": {"band": band}, "cornerRadiusEnd": 2},
            "encoding": {
                "x": {"field": name, **length},
                "color": {"datum": label(name)},
            },
        }
        for name, band in zip(named, (0.72, 0.36), strict=False)
    ]
    if before:
        layers.append(
            {
                "mark": {"type": "tick", "thickness": 3, "height": {"band": 0.9}},
                "encoding": {
                    "x": {"field": before, **length},
                    "color": {"datum": "The period before"},
                },
            }
        )
    colors = [CATEGORIES[4], CATEGORIES[5]] if part else [CATEGORIES[0], BEFORE]
    legend_names = [*map(label, named), *(["The period before"] if before else [])]
    columns = [*named, *([before] if before else [])]
    return {
        "description": f"Bars: {label(value).lower()} of each {label(category).lower()}",
        "usermeta": {"rows": category, "row_height": 26, "most": _MOST_BARS},
        "data": {"name": "rows"},
        "transform": [
            fill_missing(category),
            {"window": [{"op": "row_number", "as": "place"}]},
            {"filter": f"datum.place <= {_MOST_BARS}"},
        ],
        "width": "container",
        "encoding": {
            "y": {"field": category, "type": "nominal", "sort": None, "title": None},
            "color": {
                "type": "nominal",
                "title": None,
                "scale": {"domain": legend_names, "range": colors[: len(legend_names)]},
            },
            "tooltip": [tooltip(category), *map(tooltip, columns)],
        },
        "layer": layers,
    }


def calendar(day: str, share: str, group: str) -> Chart:
    """Colour each day, weeks across and weekdays down, one calendar for each group.

    Args:
        day: Column of days.
        share: Column of shares, of which 1 is good.
        group: Column whose texts name the calendars.
    """
    return {
        "description": f"Calendar: {label(share).lower()} on each day, by {label(group).lower()}",
        "usermeta": {"rows": group},
        "data": day_data(day),
        "transform": [
            fill_missing(group),
            {"calculate": f"(utcday(datum.{day}) + 6) % 7 + 1", "as": "weekday"},
            {
                "calculate": f"+datum.{day} - (datum.weekday - 1) * {_DAY_SECONDS}000",
                "as": "week",
            },
            {"calculate": f"datum.week + 7 * {_DAY_SECONDS}000", "as": "next_week"},
            *steps(share, _SHARES_OF_SUCCESS),
        ],
        "facet": {"field": group, "type": "nominal", "title": None},
        "spacing": {"row": 14, "column": 28},
        "resolve": {"axis": {"x": "independent", "y": "independent"}},
        "spec": {
            "name": "cells",
            "height": {"step": 17},
            "mark": {"type": "rect", "cornerRadius": 3},
            "encoding": {
                "x": {
                    "field": "week",
                    "type": "temporal",
                    "title": None,
                    "scale": {
                        "type": "utc",
                        "domainMin": {"expr": "first_week"},
                        "domainMax": {"expr": "last_week"},
                        "nice": False,
                    },
                    "axis": {
                        "format": "%d %b",
                        "values": {"expr": "sequence(first_week, last_week, label_weeks)"},
                        "labelAlign": "left",
                        "labelFlush": False,
                    },
                },
                "x2": {"field": "next_week"},
                "y": {
                    "field": "weekday",
                    "type": "ordinal",
                    "title": None,
                    "scale": {"domain": [1, 2, 3, 4, 5, 6, 7]},
                    "axis": {"labelExpr": _WEEKDAYS, "values": [1, 3, 5, 7]},
                },
                "color": amount_color(
                    label(share),
                    step_labels(_SHARES_OF_SUCCESS, most="100 %"),
                    AMOUNTS[::-1],
                ),
                "tooltip": [tooltip(group), day_tooltip(day), tooltip(share)],
            },
        },
    }


def stacked_days(day: str, value: str, series: str) -> Chart:
    """Stack a value of each day.

    Args:
        day: Column of days.
        value: Column that can be added up.
        series: Column whose texts name the parts, at most seven.
    """
    return {
        "description": f"Bars: {label(value).lower()} on each day, by {label(series).lower()}",
        "data": day_data(day),
        "transform": [fill_missing(series)],
        "width": "container",
        "height": 200,
        "mark": {"type": "bar"},
        "encoding": {
            "x": day_axis(day) | {"timeUnit": "utcyearmonthdate"},
            "y": {
                "field": value,
                "type": "quantitative",
                "title": label(value),
                "axis": value_axis(value),
            },
            "color": series_color(series),
            "tooltip": [day_tooltip(day), tooltip(series), tooltip(value)],
        },
    }


def lines(day: str, seconds: str, series: str) -> Chart:
    """Follow a duration day by day.

    Args:
        day: Column of days.
        seconds: Column of durations.
        series: Column whose texts name the lines, at most seven.
    """
    return {
        "description": f"Lines: {label(seconds).lower()} on each day, by {label(series).lower()}",
        "usermeta": {"seconds": seconds, "ticks": _TICKS},
        "data": day_data(day),
        "transform": [fill_missing(series), {"filter": f"isValid(datum.{seconds})"}],
        "width": "container",
        "height": 220,
        "encoding": {
            "x": day_axis(day),
            "y": {
                "field": seconds,
                "type": "quantitative",
                "title": label(seconds),
                "scale": {"domain": [0, {"expr": f"{_TICKS} * tick"}], "nice": False},
                "axis": value_axis(seconds)
                | {
                    "values": {"expr": f"sequence(0, {_TICKS + 0.5} * tick, tick)"},
                    "tickCount": 2 * _TICKS,  # Vega thins them out else
                },
            },
            "color": series_color(series),
            "tooltip": [day_tooltip(day), tooltip(series), tooltip(seconds)],
        },
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2, "strokeJoin": "round"}},
            # A day between gaps has no line.
            {
                "mark": {
                    "type": "point",
                    "filled": True,
                    "opacity": 1,
                    "size": {"expr": "point_size"},
                }
            },
            {"mark": {"type": "point", "filled": True, "opacity": 0, "size": 160}},
        ],
    }


def hours_of_week(seconds: str) -> Chart:
    """Colour each hour of the week, by the columns `weekday_number` (1 to 7) and `hour_of_day`.

    Args:
        seconds: Column of durations.
    """
    return {
        "description": f"Heat map: {label(seconds).lower()} in each hour of the week",
        "usermeta": {"seconds": seconds, "ticks": len(AMOUNTS)},
        "name": "cells",
        "data": {"name": "rows"},
        "transform": ticks(seconds),
        "width": "container",
        "height": 7 * _ROW_HEIGHT,
        "mark": {"type": "rect", "cornerRadius": 3},
        "encoding": {
            "x": hour_axis("hour_of_day"),
            "y": {
                "field": "weekday_number",
                "type": "ordinal",
                "title": None,
                "scale": {"domain": [1, 2, 3, 4, 5, 6, 7]},
                "axis": {"labelExpr": _WEEKDAYS},
            },
            "color": amount_color(label(seconds), _LABELS_OF_TICKS),
            "tooltip": [
                tooltip("weekday_number"),
                tooltip("hour_of_day"),
                tooltip(seconds),
            ],
        },
    }


def heat_map(hour: str, group: str, share: str) -> Chart:
    """Colour each hour of the day of each group.

    Args:
        hour: Column of hours, 0 to 23.
        group: Column whose texts name the rows.
        share: Column of shares, of which 1 is full.
    """
    return {
        "description": (
            f"Heat map: {label(share).lower()} of each {label(group).lower()} in each hour of the"
            " day"
        ),
        "usermeta": {"rows": group, "row_height": _ROW_HEIGHT},
        "name": "cells",
        "data": {"name": "rows"},
        "transform": [fill_missing(group), *steps(share, _SHARES_IN_USE)],
        "width": "container",
        "mark": {"type": "rect", "cornerRadius": 3},
        "encoding": {
            "x": hour_axis(hour),
            "y": {
                "field": group,
                "type": "nominal",
                "title": None,
                "sort": {"op": "mean", "field": share, "order": "descending"},
            },
            "color": amount_color(label(share), step_labels(_SHARES_IN_USE)),
            "tooltip": [tooltip(group), tooltip(hour), tooltip(share)],
        },
    }
