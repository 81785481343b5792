"""What the user asks of a report: a period, and maybe environments, a team or a tag."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from airflow_audit_report.errors import ReportSettingsError

DEFAULT_DAYS = 28
# As the tap has it.
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")


def parse_day(text: str) -> datetime:
    """Return the midnight (UTC) with which a day begins, which is given as in 2026-01-31.

    Raises:
        ValueError: It is no day.
    """
    try:
        return _midnight(date.fromisoformat(text))
    except ValueError:
        msg = f"{text!r} is no day as in 2026-01-31"
        raise ValueError(msg) from None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.utc)


def parse_slugs(text: str) -> tuple[str, ...]:
    """Parse slugs that are separated by commas.

    Raises:
        ValueError: One is no slug.
    """
    slugs = tuple(slug for part in text.split(",") if (slug := part.strip()))
    for slug in slugs:
        if not _SLUG.fullmatch(slug):
            msg = f"{slug!r} is no environment's slug: lower case letters, digits, - and _"
            raise ValueError(msg)
    return slugs


@dataclass(frozen=True)
class Period:
    """A span of whole days, so that as many before it have the same hours.

    Attributes:
        since: Its beginning.
        until: Its end, exclusive.
    """

    since: datetime
    until: datetime

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.until - self.since) // timedelta(days=1)


@dataclass(frozen=True)
class ReportRequest:
    """What the user asks for.

    Attributes:
        since: Midnight with which the period begins; None for `days` before its end.
        until: Midnight with which it ends; None for the newest sync or, if `since` is given, the
            midnight before it. So does one that is later than the newest sync.
        days: Length of the period.
        environments: Slugs; empty for all.
        team: Only DAGs of this team.
        tag: Only DAGs with this tag.
    """

    since: datetime | None = None
    until: datetime | None = None
    days: int = DEFAULT_DAYS
    environments: Sequence[str] = ()
    team: str | None = None
    tag: str | None = None

    def period(self, newest_sync: datetime) -> Period:
        """Return the period.

        Raises:
            ReportSettingsError: It would end before it begins.
        """
        until = self.until
        if until is None or until > newest_sync:
            until = _midnight(newest_sync.date()) if self.since else newest_sync
        since = self.since or until - timedelta(days=self.days)
        if since >= until:
            msg = (
                f"The period would begin on {since:%Y-%m-%d} and end before {until:%Y-%m-%d} (UTC);"
                f" the newest sync is of {newest_sync:%Y-%m-%d %H:%M}, and that day is not over."
                " Change --since or --until"
            )
            raise ReportSettingsError(msg)
        return Period(since, until)

    def variables(self, period: Period) -> Mapping[str, str]:
        """Return the environment variables that pass it to dbt; see macros/report.sql."""
        return {
            "AUDIT_REPORT_SINCE": period.since.isoformat(),
            "AUDIT_REPORT_UNTIL": period.until.isoformat(),
            "AUDIT_REPORT_ENVIRONMENTS": ",".join(self.environments),
            "AUDIT_REPORT_TEAM": self.team or "",
            "AUDIT_REPORT_TAG": self.tag or "",
        }
