"""When the company's people are at work."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

OPENS_AT_HOUR = 7
CLOSES_AT_HOUR = 17
SATURDAY = 5


def office_moment(moment: datetime, chance: random.Random) -> datetime:
    """The moment itself in office hours (UTC), or one early on the next working day."""
    if moment.weekday() < SATURDAY and OPENS_AT_HOUR <= moment.hour < CLOSES_AT_HOUR:
        return moment
    morning = moment.replace(hour=OPENS_AT_HOUR, minute=0, second=0, microsecond=0)
    if moment.hour >= CLOSES_AT_HOUR or moment.weekday() >= SATURDAY:
        morning += timedelta(days=1)
    while morning.weekday() >= SATURDAY:
        morning += timedelta(days=1)
    return morning + timedelta(minutes=chance.uniform(3, 110))
