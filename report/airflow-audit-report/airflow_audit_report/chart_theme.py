"""Colours and settings that all charts share.

The colours stand for names: page.css gives each one a colour in the light and in the dark theme.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Okabe and Ito's palette, which suits every kind of colour vision.
CATEGORIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
BEFORE = "#8a94a0"
# From little to much: lighter to darker, so that the order shows without colours too.
AMOUNTS = ("#e6eecb", "#bfdcb8", "#86c5b4", "#4ea6ae", "#2c7f9c", "#275584", "#28275a")

CONFIG: Mapping[str, Any] = {
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
