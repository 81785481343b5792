"""Every command and setting that a document names is one that there is.

Many are run for real as well: `make demo` by tests/demo, the runbooks by tests/snapshot/live,
`meltano run` by tests/pipeline, sending records in place of files by its test_sync.py.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from airflow_audit_report.cli import audit_report
from airflow_snapshot.cli import airflow_snapshot
from tap_airflow_metadata.command import command as tap_command

ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "demo/README.md"]
DOCUMENTS += [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))]
SYNC = (ROOT / "docs/sync.md").read_text()

OURS = {
    "tap-airflow-metadata": tap_command(),
    "airflow-snapshot": airflow_snapshot,
    "audit-report": audit_report,
}
OTHERS = {"airflow", "dropdb", "git", "dbt"}
# Read by libraries, by Airflow and Datacoves, or by a shell.
FOREIGN = re.compile(
    r"(PG|AWS_|MELTANO_|DATACOVES__|AIRFLOW__)\w+|GOOGLE_APPLICATION_CREDENTIALS|SSL_CERT_FILE"
    r"|TMPDIR|AIRFLOW_HOME|WAREHOUSE_PASSWORD"
)
OWN_NAME = re.compile(
    r"(?:TAP|TARGET|AIRFLOW_SNAPSHOT|AIRFLOW_AUDIT|AUDIT_REPORT|ENVIRONMENT_SLUG|AIRFLOW__AIRFLOW_)\w*"
)
# Named to say that it is none.
NO_JOB = "full-reconcile"


def plugins() -> dict[str, dict[str, Any]]:
    """The plugins of the project, each with all that it inherits."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(ROOT.glob("*/*.meltano.yml")):
        for group in (yaml.safe_load(file.read_text()).get("plugins") or {}).values():
            for plugin in group:
                found[plugin["name"]] = plugin
    return {
        name: found.get(found.get(plugin.get("inherit_from"), {}).get("inherit_from"), {})
        | found.get(plugin.get("inherit_from"), {})
        | plugin
        for name, plugin in found.items()
    }


PLUGINS = plugins()
ORCHESTRATION = yaml.safe_load((ROOT / "orchestrate/orchestrators.meltano.yml").read_text())
JOBS = {job["name"] for job in ORCHESTRATION["jobs"]}
SETTINGS = {
    setting.get("env") or f"{name}_{setting['name']}".replace("-", "_").upper(): setting
    for name, plugin in PLUGINS.items()
    for setting in plugin.get("settings", ())
}


def lines(text: str) -> Iterator[str]:
    """The lines of the document's blocks of commands, and its commands in the midst of a text."""
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if language in {"", "sh"} and not re.search(r"[─►│]| {2}\w.* \d", block):
            yield from block.replace("\\\n", " ").splitlines()
    without_blocks = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    programs = r"(?:make|(?:\.venv/bin/)?meltano|airflow-snapshot|python|dbt)(?: [^`]*)?"
    yield from re.findall(
        rf"`({programs}|dbt(?:-\w+)?:[^`]+|[A-Z][A-Z0-9_]+=[^`]+)`", without_blocks
    )


def commands() -> list[tuple[str, str]]:
    """Every command, with the document that it is in."""
    found = [(name, line) for name in DOCUMENTS for line in lines((ROOT / name).read_text())]
    return [(name, line) for name, line in found if line.split("#")[0].strip()]


def unknown_options(command: click.Command, words: list[str]) -> str | None:
    """Say what a command of ours does not understand; nothing is run."""
    if isinstance(command, click.Group):
        options = [word for word in words if word.startswith("-")]
        names = [word for word in words if not word.startswith("-")]
        if not names:
            return unknown_options(click.Command("", params=command.params), options)
        inner = command.commands.get(names[0])
        words = words[words.index(names[0]) + 1 :]
        return unknown_options(inner, words) if inner else f"no command {names[0]}"
    context = click.Context(command)
    try:
        command.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        return error.format_message()
    return None


def problem_of_meltano(words: list[str]) -> str | None:
    if not words:
        return None
    action, *rest = words
    names = [word for word in rest if not word.startswith("-") and word != "…"]
    if action == "run":
        unknown = [name for name in names if name not in JOBS and not is_plugin(name)]
        return f"no job or plugin {unknown[0]}" if unknown and unknown != [NO_JOB] else None
    if action == "invoke":
        plugin = names[0].partition(":")[0]
        if not is_plugin(names[0]):
            return f"no plugin {names[0]}"
        return unknown_options(OURS[plugin], rest[1:]) if plugin in OURS else None
    if words[:2] in (["config", "set"], ["schedule", "run"]):
        return None if names[1].startswith("<") or is_plugin(names[1]) else "no plugin"
    return f"meltano {action} is none of ours"


def is_plugin(name: str) -> bool:
    plugin, _, command = name.partition(":")
    if plugin not in PLUGINS:
        return False
    return not command or command in PLUGINS[plugin].get("commands", ())


def problem_of_make(words: list[str]) -> str | None:
    makefile = (ROOT / "Makefile").read_text()
    known = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    known += [f"{name}=" for name in re.findall(r"\$[({]+(?:or )?\$?\(?([A-Z]+)", makefile)]
    words = words[2:] if words[:1] == ["-C"] else words
    unknown = [word for word in words if re.sub("=.*", "=", word) not in known]
    return f"make knows no {unknown[0]}" if unknown else None


def problem_of(line: str) -> str | None:
    """Say what is wrong with a command, None if it is one that there is."""
    if line.startswith("airflow-snapshot() {"):  # a shell's function
        line = line.partition("{")[2].partition('"$@"')[0]
    words = [word for word in shlex.split(line, comments=True) if word != ">"]
    while words and (words[0] == "export" or re.match(r"[A-Z][A-Z0-9_]+=", words[0])):
        words.pop(0)
    program, *rest = words or ["nothing"]
    ours = {
        "make": problem_of_make,
        "meltano": problem_of_meltano,
        "airflow-snapshot": lambda words: unknown_options(airflow_snapshot, words),
    }
    if program.rpartition("/")[2] in ours:
        return ours[program.rpartition("/")[2]](rest)
    module = [f"{word.replace('.', '/')}.py" for word in rest[1:]]
    files = {"pip": rest[1:], "cp": rest[:1], "python": module}
    if program in files or program.startswith("docs/"):
        [file] = files.get(program, [program])
        exists = (ROOT / file.removeprefix("/opt/airflow-audit/")).exists()
        return None if exists else f"no file {file}"
    is_known = program in {"nothing", *OTHERS} or is_plugin(program)
    return None if is_known else f"{program} is not known to this test"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_is_one_that_there_is(document: str) -> None:
    found = [(line, problem_of(line)) for name, line in commands() if name == document]
    assert [(line, problem) for line, problem in found if problem] == []


def test_commands_were_found() -> None:
    found = [line for _, line in commands()]
    assert len(found) > 80
    for expected in ("make demo", "airflow-snapshot take", "make -C /opt/airflow-audit install"):
        assert any(line.startswith(expected) for line in found), expected
    for wrong in (
        "make demos",
        "make install HOUSE=redshift",
        "meltano run sync-and-built",
        "meltano invoke dbt:built",
        "meltano invoke tap-airflow-metadata --grant-all",
        "airflow-snapshot take --exclude-nothing",
        "airflow-snapshot give",
        "pip install orchestrate/nothing",
        "curl example.com",
    ):
        assert problem_of(wrong), wrong


def lost_links(document: Path, text: str) -> list[str]:
    """The links of a document to files or headings that are not there."""

    def leads_somewhere(file: str, heading: str) -> bool:
        target = document.parent / file if file else document
        if not target.exists() or not heading:
            return target.exists()
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
        return heading in [re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings]

    links = re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", text)
    return [f"{file}#{heading}" for file, heading in links if not leads_somewhere(file, heading)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    path = ROOT / document
    assert lost_links(path, path.read_text()) == []
    wrong = "[a](nowhere.md) [b](#nothing) [c](https://example.com)"
    assert lost_links(path, wrong) == ["nowhere.md#", "#nothing"]


def test_every_environment_variable_is_a_setting() -> None:
    known = set(SETTINGS)
    known |= {f"AUDIT_REPORT_{option.name}".upper() for option in audit_report.params}
    for command in airflow_snapshot.commands.values():
        known |= {str(option.envvar) for option in command.params if option.envvar}
    known |= {"AIRFLOW_SNAPSHOT_OLD_FERNET_KEY", "AIRFLOW_SNAPSHOT_NEW_FERNET_KEY"}
    known |= {"ENVIRONMENT_SLUG"}  # Meltano's own files and all of the above are made of it
    unknown = [
        (document, name)
        for document in DOCUMENTS
        for name in OWN_NAME.findall((ROOT / document).read_text())
        if name not in known
        and not FOREIGN.fullmatch(name)
        and not any(name.endswith("_") and other.startswith(name) for other in known)
    ]
    assert unknown == []


# In Meltano's own Python: whether its settings take a value.
CAST = """
import json, sys
from meltano.core.setting_definition import SettingDefinition
problems = []
for name, setting, value in json.load(sys.stdin):
    try:
        definition = SettingDefinition.parse(setting)
        definition.cast_value(value)
        if definition.options and value not in [option["value"] for option in definition.options]:
            problems.append(f"{name}: {value!r} is no option")
    except Exception as error:
        problems.append(f"{name}: {error}")
print(json.dumps(problems))
"""


def refused_values(values: list[tuple[str, str]]) -> list[str]:
    given = [(name, SETTINGS[name], value) for name, value in values]
    python = ROOT / ".venv/bin/python"
    assert python.exists(), "run: make install"
    done = subprocess.run(
        [str(python), "-c", CAST],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    refused: list[str] = json.loads(done.stdout)
    return refused


def test_meltano_takes_every_value_that_a_document_gives_a_setting() -> None:
    given = [
        (name, shlex.split(value)[0])
        for document in DOCUMENTS
        for name, value in re.findall(
            r"\b([A-Z][A-Z0-9_]+)=([^\s`]+)", (ROOT / document).read_text()
        )
        if name in SETTINGS
    ]
    # The table of the tap's settings writes them in its own way.
    for name, told in re.findall(r"^\| `(\w+)` \|(.*)\|$", SYNC, re.MULTILINE):
        variable = f"TAP_AIRFLOW_METADATA_{name.upper()}"
        given += [(variable, value) for value in re.findall(r"`(\[\]|\{\}|null)`", told)]
    assert refused_values(given) == []
    for name, value in (("TABLES", "[]"), ("BATCH_CONFIG", "{}")):
        assert (f"TAP_AIRFLOW_METADATA_{name}", value) in given
    wrong = [("TAP_AIRFLOW_METADATA_BATCH_CONFIG", "null"), ("TARGET_REDSHIFT_SSLMODE", "prefer")]
    assert len(refused_values(wrong)) == 2


def test_every_setting_of_the_tap_is_told() -> None:
    table = SYNC[SYNC.index("## Settings") : SYNC.index("## Speed")]
    named = re.findall(r"`(\w+)`", str(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))
    assert set(named) == {
        setting["name"] for setting in PLUGINS["tap-airflow-metadata"]["settings"]
    }
