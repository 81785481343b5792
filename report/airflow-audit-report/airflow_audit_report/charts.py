"""Charts as Vega-Lite specifications without data, whose fields are columns of a figure.

The page adds what they cannot know: the rows; the function `formatValue`, which formats values as the tables
do; a height, where `usermeta` says that it depends on the rows; and as parameters `since` and
`until` (the period, whole days), `first_week` and `last_week` (Mondays), `label_days` and
`label_weeks` (milliseconds from label to label), `legend_columns`, `point_size`, and `tick` (a
readable step of seconds). Colours are names: the page's style has those of each theme.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Chart = Mapping[str, Any]

# Okabe and Ito's, which people with any kind of colour vision tell apart.
CATEGORIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
BEFORE = "#8a94a0"
# From little to much: lighter to darker, and the same order without colours.
AMOUNTS = ("#e6eecb", "#bfdcb8", "#86c5b4", "#4ea6ae", "#2c7f9c", "#275584", "#28275a")

CONFIG: Chart = {
    "aria": False,  # the whole chart has one description, and a table
    "customFormatTypes": True,
    "background": None,
    "view": {"stroke": None},
    "font": "system-ui, sans-serif",
    "axis": {
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "grid": False,
    },
    "axisQuantitative": {"grid": True, "tickCount": 5},
    "legend": {
        "orient": "top",
        "direction": "horizontal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titleOrient": "left",
        "symbolType": "square",
        "symbolStrokeWidth": 0,
        "symbolSize": 130,
        "symbolOpacity": 1,
        "columnPadding": 12,
        "labelLimit": 160,
    },
    "header": {
        "labelFontSize": 13,
        "labelFontWeight": 600,
        "labelAnchor": "start",
        "title": None,
    },
}

_MOST_BARS = 15
_TICKS = 5
_ROW_HEIGHT = 22
_POINT_SIZE = {"expr": "point_size"}
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
    length = {"type": "quantitative", "title": None, "axis": _axis(value)}
    named = [value, *([part] if part else [])]
    layers: list[Chart] = [
        {
            "mark": {"type": "bar", "height": {"band": band}, "cornerRadiusEnd": 2},
            "encoding": {
                "x": {"field": name, **length},
                "color": {"datum": _words(name)},
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
    legend_names = [*map(_words, named), *(["The period before"] if before else [])]
    columns = [*named, *([before] if before else [])]
    return {
        "description": f"Bars: {_words(value).lower()} of each {_words(category).lower()}",
        "usermeta": {"rows": category, "row_height": 26, "most": _MOST_BARS},
        "data": {"name": "rows"},
        "transform": [
            _named(category),
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
            "tooltip": [_tip(category), *map(_tip, columns)],
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
        "description": f"Calendar: {_words(share).lower()} on each day, by {_words(group).lower()}",
        "usermeta": {"rows": group},
        "data": _days(day),
        "transform": [
            _named(group),
            {"calculate": f"(utcday(datum.{day}) + 6) % 7 + 1", "as": "weekday"},
            {
                "calculate": f"+datum.{day} - (datum.weekday - 1) * {_DAY_SECONDS}000",
                "as": "week",
            },
            {"calculate": f"datum.week + 7 * {_DAY_SECONDS}000", "as": "next_week"},
            *_steps(share, _SHARES_OF_SUCCESS),
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
                "color": _amounts(
                    _words(share),
                    _labels_of_steps(_SHARES_OF_SUCCESS, most="100 %"),
                    AMOUNTS[::-1],
                ),
                "tooltip": [_tip(group), _day_tip(day), _tip(share)],
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
        "description": f"Bars: {_words(value).lower()} on each day, by {_words(series).lower()}",
        "data": _days(day),
        "transform": [_named(series)],
        "width": "container",
        "height": 200,
        "mark": {"type": "bar"},
        "encoding": {
            "x": _across(day) | {"timeUnit": "utcyearmonthdate"},
            "y": {
                "field": value,
                "type": "quantitative",
                "title": _words(value),
                "axis": _axis(value),
            },
            "color": _series(series),
            "tooltip": [_day_tip(day), _tip(series), _tip(value)],
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
        "description": f"Lines: {_words(seconds).lower()} on each day, by {_words(series).lower()}",
        "usermeta": {"seconds": seconds, "ticks": _TICKS},
        "data": _days(day),
        "transform": [_named(series), {"filter": f"isValid(datum.{seconds})"}],
        "width": "container",
        "height": 220,
        "encoding": {
            "x": _across(day),
            "y": {
                "field": seconds,
                "type": "quantitative",
                "title": _words(seconds),
                "scale": {"domain": [0, {"expr": f"{_TICKS} * tick"}], "nice": False},
                "axis": _axis(seconds)
                | {
                    "values": {"expr": f"sequence(0, {_TICKS + 0.5} * tick, tick)"},
                    "tickCount": 2 * _TICKS,  # Vega thins them out else
                },
            },
            "color": _series(series),
            "tooltip": [_day_tip(day), _tip(series), _tip(seconds)],
        },
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2, "strokeJoin": "round"}},
            # A day without neighbours has no line.
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
        "description": f"Heat map: {_words(seconds).lower()} in each hour of the week",
        "usermeta": {"seconds": seconds, "ticks": len(AMOUNTS)},
        "name": "cells",
        "data": {"name": "rows"},
        "transform": _ticks(seconds),
        "width": "container",
        "height": 7 * _ROW_HEIGHT,
        "mark": {"type": "rect", "cornerRadius": 3},
        "encoding": {
            "x": _hours("hour_of_day"),
            "y": {
                "field": "weekday_number",
                "type": "ordinal",
                "title": None,
                "scale": {"domain": [1, 2, 3, 4, 5, 6, 7]},
                "axis": {"labelExpr": _WEEKDAYS},
            },
            "color": _amounts(_words(seconds), _LABELS_OF_TICKS),
            "tooltip": [
                _tip("weekday_number") | {"format": "weekday"},
                _tip("hour_of_day"),
                _tip(seconds),
            ],
        },
    }


def heat_map(hour: str, group: str, share: str, title: str) -> Chart:
    """Colour each hour of the day of each group.

    Args:
        hour: Column of hours, 0 to 23.
        group: Column whose texts name the rows.
        share: Column of shares, of which 1 is full.
        title: What the shares are called.
    """
    return {
        "description": f"Heat map: {title} of each {_words(group).lower()} in each hour of the day",
        "usermeta": {"rows": group, "row_height": _ROW_HEIGHT},
        "name": "cells",
        "data": {"name": "rows"},
        "transform": [_named(group), *_steps(share, _SHARES_IN_USE)],
        "width": "container",
        "mark": {"type": "rect", "cornerRadius": 3},
        "encoding": {
            "x": _hours(hour),
            "y": {
                "field": group,
                "type": "nominal",
                "title": None,
                "sort": {"op": "mean", "field": share, "order": "descending"},
            },
            "color": _amounts(_capital(title), _labels_of_steps(_SHARES_IN_USE)),
            "tooltip": [_tip(group), _tip(hour), _tip(share)],
        },
    }


def _days(day: str) -> dict[str, Any]:
    return {"name": "rows", "format": {"parse": {day: "utc:'%Y-%m-%d'"}}}


def _named(category: str) -> dict[str, Any]:
    return {
        "calculate": f"isValid(datum.{category}) ? '' + datum.{category} : '(none)'",
        "as": category,
    }


def _across(day: str) -> dict[str, Any]:
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


def _hours(hour: str) -> dict[str, Any]:
    return {
        "field": hour,
        "type": "ordinal",
        "title": "Hour (UTC)",
        "scale": {"domain": list(range(24))},
        "axis": {"labelAngle": 0, "labelOverlap": True},
    }


def _series(series: str) -> dict[str, Any]:
    return {
        "field": series,
        "type": "nominal",
        "title": None,
        "scale": {"range": list(CATEGORIES)},
    }


def _steps(column: str, steps: Sequence[float]) -> list[dict[str, Any]]:
    """Count the steps that a value reaches; one that is not known is not drawn.

    Vega-Lite's own scale with thresholds has a legend that cannot be read.
    """
    reached = " + ".join(f"(datum.{column} >= {step})" for step in steps)
    return [
        {"filter": f"isValid(datum.{column})"},
        {"calculate": reached, "as": "amount"},
    ]


def _ticks(column: str) -> list[dict[str, Any]]:
    """Count the ticks that a value reaches; one that is not known is not drawn."""
    return [
        {"filter": f"isValid(datum.{column})"},
        {
            "calculate": f"min(floor(datum.{column} / tick), {len(AMOUNTS) - 1})",
            "as": "amount",
        },
    ]


def _amounts(title: str, label: str, colors: Sequence[str] = AMOUNTS) -> dict[str, Any]:
    return {
        "field": "amount",
        "type": "ordinal",
        "title": title,
        "scale": {"domain": list(range(len(AMOUNTS))), "range": list(colors)},
        "legend": {"labelExpr": label, "columns": {"expr": "legend_columns"}},
    }


def _labels_of_steps(steps: Sequence[float], *, most: str = "≥ 100 %") -> str:
    words = [f"< {steps[0]:.0%}", *(f"≥ {step:.0%}" for step in steps[:-1])]
    return f"{[*(text.replace('%', ' %') for text in words), most]}[datum.value]"


def _axis(column: str) -> dict[str, Any]:
    # Half a run is none.
    whole = {"tickMinStep": 1} if column.endswith("_count") else {}
    return {"format": _kind(column), "formatType": "formatValue", **whole}


def _tip(column: str) -> dict[str, Any]:
    return {
        "field": column,
        "type": "nominal",
        "title": _words(column),
        "format": _kind(column),
        "formatType": "formatValue",
    }


def _day_tip(day: str) -> dict[str, Any]:
    return {
        "field": day,
        "type": "temporal",
        "title": "Day (UTC)",
        "timeUnit": "utcyearmonthdate",
        "format": "%a %Y-%m-%d",
    }


def _kind(column: str) -> str:
    ending = column.rpartition("_")[2]
    return ending if ending in {"seconds", "hours", "share"} else "number"


def _words(column: str) -> str:
    """Return a column's name in words: `landing_delay_p50_seconds`, Landing delay, median."""
    words = re.sub("_count$", "s", column)
    words = re.sub("_(seconds|share|number|name)$", "", words)
    words = re.sub("_p50$", ", median", words)
    words = re.sub(r"_p(\d+)$", r", \1th percentile", words)
    return _capital(words.replace("_", " "))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
