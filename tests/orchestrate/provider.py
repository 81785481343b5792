"""The provider as a user installs it, beside an Airflow whose own environment stays untouched."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tap_airflow_metadata.catalogue import load_catalogue
from tests.real_airflow.install import (
    REPOSITORY,
    airflow_environ,
    install,
    run_command,
)

PROVIDER = REPOSITORY / "orchestrate" / "airflow-provider-airflow-audit"


_XCOM_SINCE_3_4 = """(
    select task_id, dag_id, run_id, key, value
    from xcom_v2 inner join task_instance on task_instance.id = task_instance_id
    where working_set
) as xcom"""


def xcom_of_current_tries(version: str) -> str:
    """SQL of a table with what tasks of an Airflow version handed over."""
    return "xcom" if load_catalogue()["xcom"].exists_in(version) else _XCOM_SINCE_3_4


def rendered_table(version: str) -> str:
    """The table with the rendered templates of new tasks."""
    name = "rendered_task_instance_fields"
    return name if load_catalogue()[name].exists_in(version) else "rtif_v2"


@cache
def installed_provider() -> Path:
    """Build and install the provider, and pytest, into a folder for PYTHONPATH.

    Each process makes one of its own, so that none takes it away from another.
    """
    folder = Path(tempfile.mkdtemp(prefix="airflow-provider-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    uv = os.environ.get("UV", str(REPOSITORY / ".tools" / "bin" / "uv"))
    to = (uv, "pip", "install", "--quiet", "--target", str(folder))
    run_command([*to, "--no-deps", str(PROVIDER)])
    # Those that run on every Python that the Airflows run on, and on nothing of Airflow's.
    run_command([*to, "--python-version", "3.9", "pytest==8.4.2"])
    return folder


def provider_environ() -> dict[str, str]:
    """Environment variables by which an Airflow has the provider."""
    return {
        "PYTHONPATH": str(installed_provider()),
        "AIRFLOW__AIRFLOW_AUDIT__PROJECT_DIR": str(REPOSITORY),
    }


def run_inside(
    version: str, database_url: str, home: Path, *arguments: str, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Run this Airflow's Python, with the provider beside it.

    Args:
        version: One of `RECIPES`; it is installed if it is not yet.
        database_url: Metadata database that is migrated already.
        home: AIRFLOW_HOME.
        arguments: What follows `python`.
        timeout: Seconds.
    """
    return subprocess.run(
        [str(install(version) / "bin" / "python"), *arguments],
        env=airflow_environ(version, database_url, home) | provider_environ(),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
