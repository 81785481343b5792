"""Runs Airflow Audit from Airflow: hook, operators, and DAGs made from tables and schedules."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def get_provider_info() -> dict[str, Any]:
    """Return what Airflow's provider manager wants to know."""
    return {
        "package-name": "airflow-audit",
        "name": "Airflow Audit",
        "description": "Copies Airflow's metadata database and builds audit marts.",
        "versions": [__version__],
        "config": {
            "airflow_audit": {
                "description": "Where the Meltano project is that the operators run.",
                "options": {
                    "project_dir": {
                        "description": "Folder of the Meltano project, on every worker.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "/opt/airflow-audit",
                        "default": "",
                    },
                },
            }
        },
    }
