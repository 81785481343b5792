"""Everything dlt is told, and nothing else: no environment variables, no files, no telemetry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.runtime.run_context import RunContext

_SETTINGS: Mapping[str, Any] = {
    "runtime": {
        "dlthub_telemetry": False,
        # Errors reach the user as exceptions, once.
        "log_level": "CRITICAL",
        "intercept_signals": False,
    },
    # Of an Airflow that happens to be installed beside it.
    "providers": {"enable_airflow_secrets": False},
    # A pipeline's state would be one more table; nothing is kept in it.
    "restore_from_destination": False,
}


@contextmanager
def dlt_context(folder: Path, *, naming: str, load: Mapping[str, object]) -> Iterator[None]:
    """Let dlt work in a folder, with these settings only.

    It has to be the first context that dlt has in a process: its own begins with telemetry, and
    with reading configuration, before any other could replace it.

    Args:
        folder: For all that dlt keeps on disk.
        naming: dlt's naming convention, its name or its module.
        load: dlt's ``load`` settings, the warehouse's choice.
    """
    context = _FixedContext(folder, {**_SETTINGS, "schema": {"naming": naming}, "load": dict(load)})
    with Container().injectable_context(PluggableRunContext(context)):
        yield


class _FixedContext(RunContext):
    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        super().__init__(str(folder))
        self._settings = dict(settings)

    def initial_providers(self) -> list[ConfigProvider]:
        return [CustomLoaderDocProvider("fixed", lambda: self._settings, supports_secrets=True)]

    @property
    def _folder(self) -> str:
        return self._init_run_dir

    global_dir = run_dir = local_dir = settings_dir = data_dir = _folder
