"""Tiles: single numbers, their labels, and which direction is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from airflow_audit_report.values import format_value


@dataclass(frozen=True)
class Tile:
    """A number beside its value in the previous period.

    Attributes:
        label: Its name.
        kind: Kind of the value; see `values.format_value`.
        better: Whether more or less is better; None if neither.
    """

    label: str
    kind: str = "number"
    better: Literal["more", "less"] | None = None


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
    "success_share": Tile("Runs that succeeded", "share", "more"),
    "failed_runs": Tile("Failed runs", better="less"),
    "median_landing_delay_seconds": Tile("Due to done, median", "seconds", "less"),
    "wasted_hours": Tile("Lost in failed tries", "hours", "less"),
    "slot_hours": Tile("Slot-hours used", "hours"),
    "slower_dags": Tile("DAGs that got slower", better="less"),
    "new_import_errors": Tile("DAG files that broke", better="less"),
    "interventions": Tile("Interventions by hand"),
    "active_users": Tile("Active users"),
    "privileged_users": Tile("Privileged users"),
    "dormant_users": Tile("Dormant users", better="less"),
    "never_logged_in": Tile("Users who never logged in", better="less"),
    "active_leavers": Tile("People who left, still active", better="less"),
    "users_without_role": Tile("Users without a role", better="less"),
    "dags": Tile("DAGs"),
    "active_dags": Tile("Active DAGs"),
    "paused_dags": Tile("Paused DAGs"),
    "unused_dags": Tile("Unused DAGs", better="less"),
    "ownerless_dags": Tile("DAGs without an owner", better="less"),
    "broken_dags": Tile("Broken DAGs", better="less"),
}


def change(tile: Tile, current: float | None, previous: float | None) -> TileChange | None:
    """Compare a number with the period before.

    Args:
        tile: What the number is.
        current: Its value; None if it is not known.
        previous: Its value in the period before; None if that is not known.

    Returns:
        None if there is nothing to compare.
    """
    if current is None or previous is None:
        return None
    if current == previous:
        return TileChange("no change", "")
    grew = current > previous
    verdict: Literal["better", "worse", ""] = ""
    if tile.better:
        verdict = "better" if grew == (tile.better == "more") else "worse"
    return TileChange(f"{'▲' if grew else '▼'} {_difference(tile, current, previous)}", verdict)


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
