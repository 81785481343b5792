"""Which snapshots to keep: the newest of so many days, weeks and months."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from airflow_snapshot.manifest import Manifest


@dataclass(frozen=True)
class RetentionPolicy:
    """How many periods keep their newest snapshot; periods without one do not count.

    Attributes:
        daily: Days.
        weekly: ISO weeks.
        monthly: Months.
    """

    daily: int
    weekly: int
    monthly: int


def to_delete(manifests: Sequence[Manifest], policy: RetentionPolicy) -> list[Manifest]:
    """Return the snapshots that no period keeps, the oldest first.

    Each environment is considered by itself, and always keeps its newest.

    Args:
        manifests: All snapshots of a store.
        policy: The periods.
    """
    gone = []
    for slug in sorted({manifest.environment_slug for manifest in manifests}):
        own = sorted(
            (manifest for manifest in manifests if manifest.environment_slug == slug),
            key=lambda manifest: manifest.taken_at,
            reverse=True,
        )
        kept = {own[0].name}
        for count, period in (
            (policy.daily, _day),
            (policy.weekly, _week),
            (policy.monthly, _month),
        ):
            kept |= _newest_of_each(own, period, count)
        gone += [manifest for manifest in own if manifest.name not in kept]
    return sorted(gone, key=lambda manifest: manifest.taken_at)


def _newest_of_each(
    newest_first: Sequence[Manifest], period: Callable[[datetime], tuple[int, ...]], count: int
) -> set[str]:
    names: dict[tuple[int, ...], str] = {}
    for manifest in newest_first:
        names.setdefault(period(manifest.taken_at), manifest.name)
    return set(list(names.values())[:count])


def _day(moment: datetime) -> tuple[int, ...]:
    return (moment.year, moment.month, moment.day)


def _week(moment: datetime) -> tuple[int, ...]:
    return moment.isocalendar()[:2]


def _month(moment: datetime) -> tuple[int, ...]:
    return (moment.year, moment.month)
