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


def parse_moment(text: str) -> datetime:
    """Parse a date, or a date and time, in ISO 8601; UTC if it has no time zone.

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
    """A span of time.

    Attributes:
        since: Its beginning.
        until: Its end, exclusive.
    """

    since: datetime
    until: datetime

    @property
    def days(self) -> int:
        """Length in days, rounded."""
        return round((self.until - self.since) / timedelta(days=1))


@dataclass(frozen=True)
class ReportRequest:
    """What the user asks for.

    Attributes:
        since: Beginning of the period; None for `days` before its end.
        until: End of the period; None for the newest sync.
        days: Length of the period in days, which begins at midnight (UTC).
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
        """Return the environment variables that pass it to dbt; see macros/report.sql."""
        return {
            "AUDIT_REPORT_SINCE": period.since.isoformat(),
            "AUDIT_REPORT_UNTIL": period.until.isoformat(),
            "AUDIT_REPORT_ENVIRONMENTS": ",".join(self.environments),
            "AUDIT_REPORT_TEAM": self.team or "",
            "AUDIT_REPORT_TAG": self.tag or "",
        }
