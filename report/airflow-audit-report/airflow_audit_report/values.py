"""Formats values for people, in the same way as page.js."""

from __future__ import annotations

import math
from typing import Any

_MINUTES_A_DAY = 24 * 60
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def format_value(value: Any, kind: str) -> str:  # noqa: ANN401
    """Return a value as text.

    Args:
        value: Of JSON's types: text, number, boolean or None.
        kind: Kind of its column: text, moment, day, seconds, hours, share, flag, weekday (1 is
            Monday) or number.
    """
    if value is None:
        return "–"  # noqa: RUF001
    if kind == "moment":
        return str(value)[:16].replace("T", " ")
    if kind == "flag":
        return "yes" if value else "no"
    if kind == "weekday":
        return _WEEKDAYS[int(value) - 1]
    if isinstance(value, str):
        return value
    sign = "−" if value < 0 else ""  # noqa: RUF001
    return sign + _format_amount(abs(value), kind)


def _format_amount(amount: float, kind: str) -> str:
    if kind == "share":
        return _format_share(amount)
    if kind == "seconds":
        return _format_seconds(amount)
    if kind == "hours":
        return f"{_rounded(amount, 1 if amount >= 1 else 2)} h"
    return _rounded(amount, 2)


def _format_share(share: float) -> str:
    percent = _half_up(share * 100, 1)
    # A few failures in many runs must not read as none.
    if share < 1 <= percent / 100:
        return "> 99.9 %"
    if share and not percent:
        return "< 0.1 %"
    return f"{percent:.1f} %"


def _format_seconds(seconds: float) -> str:
    if seconds < 10:  # noqa: PLR2004
        return f"{_rounded(seconds, 1)} s" if seconds >= 0.05 or not seconds else "< 0.1 s"  # noqa: PLR2004
    whole = int(_half_up(seconds, 0))
    minutes = int(_half_up(seconds / 60, 0))
    if whole < 60:  # noqa: PLR2004
        return f"{whole} s"
    if whole < 60 * 60:
        return _two_units(whole, 60, "min", "s")
    if minutes < _MINUTES_A_DAY:
        return _two_units(minutes, 60, "h", "min")
    return _two_units(int(_half_up(seconds / 3600, 0)), 24, "d", "h")


def _two_units(amount: int, size: int, large: str, small: str) -> str:
    rest = f" {amount % size} {small}" if amount % size else ""
    return f"{amount // size:,} {large}{rest}"


def _rounded(amount: float, digits: int) -> str:
    text = f"{_half_up(amount, digits):,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _half_up(amount: float, digits: int) -> float:
    # As browsers round, unlike Python.
    scale = float(10**digits)
    return math.floor(amount * scale + 0.5) / scale
