"""The two environments, and where their databases are bundled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from demo.present import NOW

METADATA = Path(__file__).parent / "metadata"


@dataclass(frozen=True)
class Environment:
    """One Airflow environment of the company.

    Attributes:
        slug: Its short name, which is also its folder in `demo/company/`.
        airflow_version: Exact version of the Airflow that makes its database.
        earlier_version: The one before an upgrade between the two copies; None without one.
        workers: Host names of the machines that run tasks.
    """

    slug: str
    airflow_version: str
    workers: tuple[str, ...]
    earlier_version: str | None = None

    @property
    def is_airflow_3(self) -> bool:
        """Whether its tables are those of Airflow 3."""
        return self.airflow_version.startswith("3.")

    @property
    def snapshot_name(self) -> str:
        """Name of its last bundled snapshot."""
        return self.snapshot_at(NOW)

    def snapshot_at(self, moment: datetime) -> str:
        """Name of a snapshot of it, as one is named that is taken at that moment."""
        return f"{self.slug}-{moment:%Y%m%dT%H%M%S}000Z"

    @property
    def before_upgrade(self) -> Environment:
        """The environment at the time of the earlier copy."""
        return replace(self, airflow_version=self.earlier_version or self.airflow_version)


ENVIRONMENTS = (
    Environment("production", "2.11.0", ("airflow-scheduler-0", "airflow-scheduler-1")),
    Environment("analytics", "3.3.2", ("airflow-analytics-0",), earlier_version="3.2.0"),
)
