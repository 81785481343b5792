"""What holds for the repository as a whole."""

from __future__ import annotations

import re
import subprocess
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from tap_airflow_metadata.tap import AirflowMetadataTap

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    check=True,
    capture_output=True,
    text=True,
).stdout.splitlines()
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def meltano_files():
    return sorted(ROOT.glob("*/*.meltano.yml"))


def test_every_plugin_file_is_in_the_index():
    index = yaml.safe_load((ROOT / "meltano.yml").read_text())
    assert [ROOT / path for path in sorted(index["include_paths"])] == meltano_files()


def test_every_plugin_is_installed_from_locked_requirements():
    plugins = [
        plugin
        for file in meltano_files()
        for group in (yaml.safe_load(file.read_text()).get("plugins") or {}).values()
        for plugin in group
    ]
    assert len(plugins) >= 4
    for plugin in plugins:
        locked = re.match(r"-r (requirements/[\w-]+\.txt)", plugin["pip_url"])
        assert locked, plugin["name"]
        assert (ROOT / locked[1]).exists()


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.stem)
def test_requirements_are_pinned_and_hashed_and_name_no_index(path):
    text = path.read_text()
    assert "--hash=sha256:" in text
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|file:", text)


def test_every_setting_of_the_tap_is_in_meltano_and_the_other_way_round():
    plugins = yaml.safe_load((ROOT / "extract/extractors.meltano.yml").read_text())["plugins"]
    [plugin] = [
        plugin
        for plugin in plugins["extractors"]
        if plugin["executable"] == AirflowMetadataTap.name
    ]
    schema = deepcopy(AirflowMetadataTap.config_jsonschema)
    AirflowMetadataTap.append_builtin_config(schema)  # as the SDK does before it uses them
    offered = {setting["name"]: setting for setting in plugin["settings"]}
    assert offered.keys() == schema["properties"].keys()
    # A default is the plugin's own; Meltano sets what depends on the project.
    for name, setting in offered.items():
        assert "$" in str(setting.get("value", "$")), name


def test_documents_link_to_files_that_exist():
    links = [
        (name, link)
        for name in TRACKED
        if name.endswith(".md")
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / name).read_text())
    ]
    assert len(links) > 3
    assert [
        (name, link) for name, link in links if not ((ROOT / name).parent / link).exists()
    ] == []


def test_every_make_target_that_documents_name_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for name in TRACKED
        if name.endswith(".md")
        for target in re.findall(r"`make ([a-z-]+)", (ROOT / name).read_text())
    }
    assert {"demo", "test"} <= named
    assert named <= targets


def test_no_test_module_is_imported():
    """What tests share is in modules of its own."""
    imported = re.compile(r"(?:from|import) tests[\w.]*\.test_\w+")
    modules = (ROOT / "tests").rglob("*.py")
    assert [str(path) for path in modules if imported.search(path.read_text())] == []
