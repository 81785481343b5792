"""What a report is about: a period, and maybe some environments, a team or a tag."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from airflow_audit_report.errors import ReportSettingsError

USUAL_DAYS = 28
# As the tap has it.
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")


def parse_moment(text: str) -> datetime:
    """Return the moment that a date, or a date and time, in ISO 8601 names; UTC if it says no zone.

    Raises:
        ValueError: It is neither.
    """
    try:
        moment = datetime.combine(date.fromisoformat(text), time())
    except ValueError:
        # Python 3.10 knows no Z.
        moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(timezone.utc)


def parse_slugs(text: str) -> tuple[str, ...]:
    """Return the slugs of a list with commas.

    Raises:
        ValueError: One of them is none.
    """
    slugs = tuple(slug for part in text.split(",") if (slug := part.strip()))
    for slug in slugs:
        if not _SLUG.fullmatch(slug):
            msg = f"{slug!r} is no environment's slug: lower case letters, digits, - and _"
            raise ValueError(msg)
    return slugs


@dataclass(frozen=True)
class Period:
    """From one moment until just before another.

    Attributes:
        since: The first.
        until: The other, later one.
    """

    since: datetime
    until: datetime

    @property
    def days(self) -> int:
        """Its length, rounded."""
        return round((self.until - self.since) / timedelta(days=1))


@dataclass(frozen=True)
class ReportRequest:
    """What the user asked for.

    Attributes:
        since: Beginning of the period; None for `days` before its end.
        until: End of the period; None for the newest sync.
        days: Days of the period, from midnight (UTC).
        environments: Slugs; none for all.
        team: Only DAGs of this team.
        tag: Only DAGs with this tag.
    """

    since: datetime | None = None
    until: datetime | None = None
    days: int = USUAL_DAYS
    environments: Sequence[str] = ()
    team: str | None = None
    tag: str | None = None

    def period(self, newest_sync: datetime) -> Period:
        """Return the period.

        Raises:
            ReportSettingsError: It would end before it begins.
        """
        until = self.until or newest_sync
        midnight = datetime.combine(until.date(), time(), timezone.utc)
        since = self.since or midnight - timedelta(days=self.days)
        if since >= until:
            msg = (
                f"The period would begin at {since:%Y-%m-%d %H:%M} and end at"
                f" {until:%Y-%m-%d %H:%M} (UTC; without --until the newest sync). Change --since or"
                " --until"
            )
            raise ReportSettingsError(msg)
        return Period(since, until)

    def variables(self, period: Period) -> Mapping[str, str]:
        """Return the environment variables that say it to dbt, see macros/report.sql."""
        return {
            "AUDIT_REPORT_SINCE": period.since.isoformat(),
            "AUDIT_REPORT_UNTIL": period.until.isoformat(),
            "AUDIT_REPORT_ENVIRONMENTS": ",".join(self.environments),
            "AUDIT_REPORT_TEAM": self.team or "",
            "AUDIT_REPORT_TAG": self.tag or "",
        }
