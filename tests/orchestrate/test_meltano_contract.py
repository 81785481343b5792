"""The locked Meltano is as `airflow_audit/meltano_contract.py` has it.

After an upgrade of Meltano a failure here names the function of that module that has to change.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from singer_sdk.logging import StructuredFormatter

from tests.orchestrate.provider import PROVIDER
from tests.pipeline.meltano_runs import ROOT

# Each fails as its variable says; the tap logs a line of the Singer SDK's before it reads.
TAP = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
if "--discover" in sys.argv:
    print(json.dumps({{"streams": []}}))
    sys.exit(int(os.environ.get("DISCOVERY_EXIT_CODE", "0")))
print(os.environ["TAP_LOG_LINE"], file=sys.stderr)
print(json.dumps({{"type": "STATE", "value": {{"read": "all"}}}}), flush=True)
sys.exit(int(os.environ.get("TAP_EXIT_CODE", "0")))
"""
LOADER = f"""#!{sys.executable}
import os, sys
for line in sys.stdin:
    print('{{"read": "all"}}', flush=True)
sys.exit(int(os.environ.get("LOADER_EXIT_CODE", "0")))
"""
INSTALLED = {
    "extractors": "tap-airflow-metadata",
    "loaders": "target-duckdb",
    "utilities": "dbt",
}
READ = {"table": "dag", "source_rows": 3}


def load_contract() -> ModuleType:
    """Import the module by its path: the provider is not installed here."""
    path = PROVIDER / "airflow_audit" / "meltano_contract.py"
    spec = importlib.util.spec_from_file_location("meltano_contract", path)
    assert spec
    assert spec.loader
    module = sys.modules["meltano_contract"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


contract = load_contract()


class Project:
    """A Meltano project with a tap and a loader that need no installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        for installed in INSTALLED:  # as `meltano install` leaves it
            (self.folder / ".meltano" / installed).mkdir(parents=True)
        (self.folder / ".venv").symlink_to(ROOT / ".venv")
        plugins = {
            "extractors": [self._plugin("tap-stub", TAP, ["catalog", "discover", "state"])],
            "loaders": [self._plugin("target-stub", LOADER, [])],
        }
        settings = {"default_environment": "one", "environments": [{"name": "one"}]}
        (self.folder / "meltano.yml").write_text(
            json.dumps({**settings, "send_anonymous_usage_stats": False, "plugins": plugins})
        )
        self.working_folder = folder / "working"
        self.working_folder.mkdir()
        self.variables = contract.separate_working_folder(self.folder, self.working_folder)

    def _plugin(self, name: str, script: str, capabilities: list[str]) -> dict[str, object]:
        file = self.folder / name
        file.write_text(script)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return {
            "name": name,
            "namespace": name.replace("-", "_"),
            "executable": str(file),
            "capabilities": [*capabilities, "structured-logging"],
        }

    def meltano(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run Meltano as the hook does."""
        record = logging.LogRecord("tap", logging.INFO, "", 0, "Read dag", None, None)
        record.read = READ
        return subprocess.run(
            [contract.program(self.folder), "--cwd", self.folder, "--log-format=json", *arguments],
            env=os.environ
            | {"TAP_LOG_LINE": StructuredFormatter().format(record)}
            | self.variables
            | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, **variables: str) -> tuple[int, list[int], list[object]]:
        """Run tap and loader; return Meltano's exit code, those of the plugins, and the log."""
        done = self.meltano("run", "--force", "tap-stub", "target-stub", **variables)
        entries = [contract.parse_log_line(line) for line in done.stderr.splitlines()]
        return done.returncode, [code for entry in entries for code in entry.exit_codes], entries


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_plugins_are_where_they_are_looked_for() -> None:
    assert {"meltano.db", *INSTALLED} <= {path.name for path in (ROOT / ".meltano").iterdir()}
    for folder, plugin in INSTALLED.items():
        assert (ROOT / ".meltano" / folder / plugin).exists(), "run: make install"
        assert contract.has_plugin(ROOT, plugin), "see has_plugin"
    assert not contract.has_plugin(ROOT, "target-nothing")


def test_a_run_logs_what_its_plugins_add_and_shares_nothing_but_its_state(
    project: Project,
) -> None:
    exit_code, codes, entries = project.run(**{contract.STATE_ID_SUFFIX: "two"})
    assert (exit_code, codes) == (0, [])
    [read] = [entry for entry in entries if entry.fields.get("read")]
    assert read.fields["read"] == READ
    assert (read.plugin, read.text) == ("tap-stub", "Read dag"), "see parse_log_line"
    assert read.level == logging.INFO
    assert {entry.plugin for entry in entries} >= {"meltano", "tap-stub"}
    files = {path.name for path in project.working_folder.iterdir() if not path.is_symlink()}
    assert "run" in files, "see separate_working_folder: working files are elsewhere"
    shared = {path.name for path in (project.folder / ".meltano").iterdir()}
    assert shared == {"meltano.db", *INSTALLED}, "see separate_working_folder: more is shared"
    project.variables = {}
    assert "tap-stub-to-target-stub:two" in project.meltano("state", "list").stdout


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"TAP_EXIT_CODE": "78", "LOADER_EXIT_CODE": "75"}, [78, 75]),
        ({"DISCOVERY_EXIT_CODE": "78"}, [78]),
    ],
)
def test_a_failed_run_tells_the_exit_codes_of_its_plugins(
    project: Project, variables: dict[str, str], expected: list[int]
) -> None:
    exit_code, codes, entries = project.run(**variables)
    assert exit_code == 1
    assert codes == expected, "see LogEntry.exit_codes"
    assert [entry for entry in entries if entry.is_summary], "see LogEntry.is_summary"


def test_an_invoked_plugin_has_the_output_and_the_exit_code(project: Project) -> None:
    done = project.meltano("invoke", "tap-stub", TAP_EXIT_CODE="78")
    assert done.returncode == 78
    assert json.loads(done.stdout) == {"type": "STATE", "value": {"read": "all"}}
