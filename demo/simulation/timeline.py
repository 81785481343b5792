"""The order in which things happen."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

Happening = Callable[[datetime], None]


class Timeline:
    """Things to come, called with their moment in the order of time."""

    def __init__(self) -> None:
        self._to_come: list[tuple[datetime, int, Happening]] = []
        self._count = 0

    def at(self, moment: datetime, happening: Happening) -> None:
        """Let something happen; of two at one moment, the first to be told comes first."""
        self._count += 1
        heapq.heappush(self._to_come, (moment, self._count, happening))

    def run_until(self, end: datetime) -> None:
        """Let everything happen up to a moment; what would come later never does."""
        while self._to_come and self._to_come[0][0] <= end:
            moment, _, happening = heapq.heappop(self._to_come)
            happening(moment)


class SchedulerHours:
    """When the scheduler works, and when it next looks.

    Args:
        outages: Start and end of every time in which no scheduler ran.
    """

    def __init__(self, outages: tuple[tuple[datetime, datetime], ...]) -> None:
        self._outages = outages

    def next_look(self, moment: datetime, delay: timedelta) -> datetime:
        """The moment at which the scheduler, `delay` behind, sees what happened at `moment`."""
        look = moment + delay
        for begins, ends in self._outages:
            if begins <= look < ends:
                return ends + delay
        return look


class Pool:
    """The slots of one pool, and who waits for them.

    Args:
        slots: How many there are, from when on.
    """

    def __init__(self, slots: list[tuple[datetime, int]]) -> None:
        self._slots = sorted(slots)
        self._taken = 0
        self._waiting: list[tuple[int, datetime, int, int, Happening]] = []
        self._count = 0

    def request(self, moment: datetime, slots: int, weight: int, granted: Happening) -> None:
        """Call `granted` as soon as `slots` are free; heavier and older requests come first."""
        self._count += 1
        heapq.heappush(self._waiting, (-weight, moment, self._count, slots, granted))
        self.grant(moment)

    def release(self, moment: datetime, slots: int) -> None:
        """Give slots back."""
        self._taken -= slots
        self.grant(moment)

    def grant(self, moment: datetime) -> None:
        """Serve those who wait, as far as the slots reach."""
        size = next((n for since, n in reversed(self._slots) if since <= moment), 0)
        while self._waiting and self._taken + self._waiting[0][3] <= size:
            *_, slots, granted = heapq.heappop(self._waiting)
            self._taken += slots
            granted(moment)
