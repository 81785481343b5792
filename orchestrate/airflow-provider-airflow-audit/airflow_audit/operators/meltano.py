"""The base class of all operators."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow_audit.airflow_api import BaseOperator
from airflow_audit.hooks.meltano import MeltanoHook


class MeltanoOperator(BaseOperator):
    """Runs Meltano, and terminates it with its task.

    Args:
        project_dir: Folder of the Meltano project; by default that of ``[airflow_audit]``.
        kwargs: Arguments of Airflow's BaseOperator.
    """

    ui_color = "#e6f4ea"

    def __init__(self, *, project_dir: str | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.project_dir = project_dir

    @cached_property
    def hook(self) -> MeltanoHook:
        """The hook that runs Meltano."""
        return MeltanoHook(self.project_dir)

    def on_kill(self) -> None:
        """Terminate Meltano with everything it started."""
        self.hook.stop()
