"""The two environments, and where their databases are bundled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from demo.present import NOW

METADATA = Path(__file__).parent / "metadata"


@dataclass(frozen=True)
class Environment:
    """One Airflow environment of the company.

    Attributes:
        slug: Its short name, which is also its folder in `demo/company/`.
        airflow_version: Exact version of the Airflow that makes its database.
        workers: Host names of the machines that run tasks.
    """

    slug: str
    airflow_version: str
    workers: tuple[str, ...]

    @property
    def is_airflow_3(self) -> bool:
        """Whether its tables are those of Airflow 3."""
        return self.airflow_version.startswith("3.")

    @property
    def snapshot_name(self) -> str:
        """Name of its bundled snapshot, as one is named that is taken at that moment."""
        return f"{self.slug}-{NOW:%Y%m%dT%H%M%S}000Z"


ENVIRONMENTS = (
    Environment("production", "2.11.0", ("airflow-scheduler-0", "airflow-scheduler-1")),
    Environment("analytics", "3.3.2", ("airflow-analytics-0",)),
)
