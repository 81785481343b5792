"""`make airflow-schedules` writes what Airflow reads."""

from __future__ import annotations

import json
import subprocess

import yaml

from tests.pipeline.meltano_runs import ROOT

DAGS = ROOT / "orchestrate" / "dags"


def plugin_file():
    return yaml.safe_load((ROOT / "orchestrate" / "orchestrators.meltano.yml").read_text())


def test_the_command_writes_every_schedule():
    subprocess.run(["make", "airflow-schedules"], cwd=ROOT, check=True, capture_output=True)
    compiled = json.loads((DAGS / "meltano_schedules.json").read_text())
    jobs = {job["name"]: job["tasks"] for job in plugin_file()["jobs"]}
    assert compiled["compiled_from"] == ["orchestrate/orchestrators.meltano.yml"]
    assert compiled["schedules"] == [
        {
            "name": schedule["name"],
            "cron": schedule["interval"],
            "job": schedule["job"],
            "tasks": jobs[schedule["job"]],
            "env": schedule.get("env", {}),
        }
        for schedule in plugin_file()["schedules"]
    ]
