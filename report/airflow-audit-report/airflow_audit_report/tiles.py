"""Tiles: single numbers, their labels, which direction is better, and what is but noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from airflow_audit_report.values import format_value

NOISE_DEVIATIONS = 3
"""By fewer standard deviations of what chance does, a number is neither better nor worse."""

NOISE_NOTE = (
    "A number is called better or worse if it differs by three standard deviations or more of"
    " what chance does: of counts by Poisson's law, of shares by the binomial. Of others, which"
    " have no such law, only the change is given."
)


@dataclass(frozen=True)
class Tile:
    """A number beside its value in the previous period.

    Attributes:
        label: Its name.
        kind: Kind of the value; see `values.format_value`.
        better: Whether more or less is better; None if neither.
        share_of: Of a share, the tile with the number of what it is of.
    """

    label: str
    kind: str = "number"
    better: Literal["more", "less"] | None = None
    share_of: str = ""


@dataclass(frozen=True)
class TileChange:
    """The change from the previous period.

    Attributes:
        text: Direction and amount.
        verdict: Better, worse, or neither.
    """

    text: str
    verdict: Literal["better", "worse", ""]


TILES: Mapping[str, Tile] = {
    "runs": Tile("Runs"),
    "success_share": Tile("Runs that succeeded", "share", "more", share_of="runs"),
    "failed_runs": Tile("Failed runs", better="less"),
    "median_landing_delay_seconds": Tile("Due to done, median", "seconds", "less"),
    "wasted_hours": Tile("Lost in failed tries", "hours", "less"),
    "slot_hours": Tile("Slot-hours used", "hours"),
    "new_import_errors": Tile("DAG files that broke", better="less"),
    "interventions": Tile("Interventions by hand"),
    "active_users": Tile("Active users"),
    "privileged_users": Tile("Privileged users"),
    "dormant_users": Tile("Dormant users", better="less"),
    "never_logged_in": Tile("Users who never logged in", better="less"),
    "active_leavers": Tile("People who left, still active", better="less"),
    "users_without_role": Tile("Users without a role", better="less"),
    "dags": Tile("DAGs"),
    "running_dags": Tile("Active and not paused"),
    "paused_dags": Tile("Active but paused"),
    "unused_dags": Tile("Unused DAGs", better="less"),
    "ownerless_dags": Tile("DAGs without an owner", better="less"),
    "broken_files": Tile("Broken DAG files", better="less"),
}


Pair = tuple[float | None, float | None]
"""A value, and that of the period before; None where it is not known."""


def read_tiles(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[Tile, Pair, TileChange | None]]:
    """Yield each tile with its values, and how they differ; None if there is nothing to compare.

    Args:
        rows: Of an analysis of tiles: metric, value, and that of the period before.
    """
    values: dict[str, Pair] = {metric: (now, before) for metric, now, before in rows}
    for metric, pair in values.items():
        tile = TILES[metric]
        yield tile, pair, change(tile, pair, values.get(tile.share_of, (None, None)))


def change(tile: Tile, pair: Pair, share_of: Pair = (None, None)) -> TileChange | None:
    """Compare a number with the period before.

    Args:
        tile: What the number is.
        pair: The number.
        share_of: Of a share, how many it is a share of.

    Returns:
        None if there is nothing to compare.
    """
    current, previous = pair
    if current is None or previous is None:
        return None
    if current == previous:
        return TileChange("no change", "")
    grew = current > previous
    verdict: Literal["better", "worse", ""] = ""
    if tile.better and _is_beyond_chance(tile, current, previous, share_of):
        verdict = "better" if grew == (tile.better == "more") else "worse"
    return TileChange(f"{'▲' if grew else '▼'} {_difference(tile, current, previous)}", verdict)


def _is_beyond_chance(tile: Tile, current: float, previous: float, share_of: Pair) -> bool:
    now, before = share_of
    if tile.kind == "number":
        deviation = math.sqrt(current + previous)
    elif tile.kind == "share" and now and before:
        pooled = (current * now + previous * before) / (now + before)
        deviation = math.sqrt(pooled * (1 - pooled) * (1 / now + 1 / before))
    else:
        return False
    return abs(current - previous) >= NOISE_DEVIATIONS * deviation


def _difference(tile: Tile, current: float, previous: float) -> str:
    if tile.kind == "share":
        return format_value(abs(current - previous), "share").replace("%", "points")
    # Of a few, a percentage says less than their number.
    if tile.kind == "number" and abs(previous) < 20:  # noqa: PLR2004
        return format_value(abs(current - previous), "number")
    return (
        format_value(abs(current / previous - 1), "share")
        if previous
        else format_value(current, tile.kind)
    )
