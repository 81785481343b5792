"""List the events that an installed Airflow can write into its table `log`.

`python -m tests.real_airflow.audit_events [version …]` writes the lists of those versions, or of
all, into `events/`; `providers` stands for the packages with executors and auth managers, each of
which goes with several Airflow versions. The lists come from source code: no Airflow has to run.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tests.real_airflow.install import RECIPES, install, install_sources

FOLDER = Path(__file__).parent / "events"

Writer = Literal["command_line", "request", "system"]
Events = dict[str, list[Writer]]

PROVIDERS = "providers"
_PROVIDER_SOURCES = (
    # For its constants.
    "apache-airflow-core==3.3.2",
    "apache-airflow-providers-amazon",
    "apache-airflow-providers-celery",
    "apache-airflow-providers-cncf-kubernetes",
    "apache-airflow-providers-edge3",
    "apache-airflow-providers-keycloak",
)

# Where the events come in as variables: the decorators themselves, and what others call with the
# name of an event.
_DECORATORS = {
    "www/decorators.py",
    "api_fastapi/logging/decorators.py",
    "utils/cli.py",
    "utils/cli_action_loggers.py",
    "settings.py",
}
_FORWARDERS = {"_add_log", "log_task_event"}
_READ = {"show", "list", "read", "get", "get_list"}
_HINTS = ("action_logging", "action_cli", "Log(", "AirflowModelView", *_FORWARDERS)


class UnreadableEventError(Exception):
    """Airflow names an event in a way that this module does not know."""


def versions() -> list[str]:
    """The versions with a list, oldest first."""
    return [version for version in RECIPES if path_of(version).exists()]


def path_of(version: str) -> Path:
    """The list of an Airflow version, or of `PROVIDERS`."""
    return FOLDER / f"airflow-{version}.json"


def load(version: str) -> Events:
    """Read the list of an Airflow version: each event with who writes it."""
    return json.loads(path_of(version).read_text(encoding="utf-8"))


def events_of(version: str) -> Events:
    """Install Airflow `version`, and list the events that its source can write.

    Args:
        version: One of `RECIPES`, or `PROVIDERS`.

    Raises:
        PythonNotFoundError: No Python it runs on is on this machine.
        AirflowCommandError: It could not be installed.
        UnreadableEventError: An event has a name that cannot be told from the source.
    """
    if version == PROVIDERS:
        package = install_sources(PROVIDERS, "3.3.2", _PROVIDER_SOURCES) / "airflow"
        return events_in(package, below="providers")
    (package,) = install(version).glob("lib/python*/site-packages/airflow")
    return events_in(package)


def events_in(package: Path, below: str = "") -> Events:
    """List the events that the source of Airflow can write.

    Args:
        package: The folder `airflow`.
        below: Only what is in this folder of it.

    Raises:
        UnreadableEventError: An event has a name that cannot be told from the source.
    """
    names = _Names(package)
    writers: dict[str, set[Writer]] = {}
    for file in sorted((package / below).rglob("*.py")):
        inside = file.relative_to(package).as_posix()
        if inside.startswith(("example_dags/", "migrations/")):
            continue
        text = file.read_text(encoding="utf-8")
        if any(hint in text for hint in _HINTS):
            module = _Module(ast.parse(text), inside, names)
            for event, writer in module.events():
                writers.setdefault(event, set()).add(writer)
    return {event: sorted(writers[event]) for event in sorted(writers)}


class _Names:
    """The names of permissions and of task instances' states in one Airflow version."""

    def __init__(self, package: Path) -> None:
        self.permissions = _constants(_parse(package / "security" / "permissions.py").body)
        self.states: dict[str, str] = {}
        for node in _parse(package / "utils" / "state.py").body:
            if isinstance(node, ast.ClassDef) and node.name.endswith(("TIState", "InstanceState")):
                own = _constants(node.body)
                self.states |= own
                if node.name == "TaskInstanceState":
                    inherited = {t.id for t in _assigned(node.body)} & self.states.keys()
                    self.of_tasks = {self.states[name] for name in inherited}


class _Module:
    """One module of Airflow."""

    def __init__(self, tree: ast.Module, path: str, names: _Names) -> None:
        self._tree = tree
        self._path = path
        self._names = names
        self._constants = _constants(tree.body)

    def events(self) -> Iterator[tuple[str, Writer]]:
        """Yield each event of the module, with who writes it."""
        if self._path in _DECORATORS:
            return
        for node in ast.walk(self._tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    yield from self._of_decorator(decorator, node.name)
            elif isinstance(node, ast.ClassDef):
                yield from self._of_model_view(node)
            elif isinstance(node, ast.Call):
                yield from self._of_call(node)

    def _of_decorator(self, decorator: ast.expr, function: str) -> Iterator[tuple[str, Writer]]:
        """The events of `@action_cli`, `@action_logging`, `@router.post(… action_logging())`."""
        for node in ast.walk(decorator):
            called = node.func if isinstance(node, ast.Call) else node
            if _last_name(called) == "action_cli" and node is decorator:
                yield f"cli_{function}", "command_line"
            if _last_name(called) == "action_logging" and not _is_called(decorator, node):
                event = _argument(node, "event") if isinstance(node, ast.Call) else None
                yield (self._text(event) if event else function), "request"

    def _of_model_view(self, view: ast.ClassDef) -> Iterator[tuple[str, Writer]]:
        """The events of a page over a table: Airflow 2.5 to 2.11 logs all but reading."""
        if "AirflowModelView" not in {_last_name(base) for base in view.bases}:
            return
        if not _logs_by_permission(self._tree):
            return
        own = {t.id: value for t, value in _assignments(view.body)}
        permissions = own.get("method_permission_name")
        if isinstance(permissions, ast.Dict):
            for permission in permissions.values:
                if self._text(permission) not in _READ:
                    route = self._text(own["route_base"]).strip("/")
                    yield f"{route}.{self._text(permission)}", "request"

    def _of_call(self, call: ast.Call) -> Iterator[tuple[str, Writer]]:
        """The events of `Log(event, …)`, and of what hands an event on to it."""
        if _last_name(call.func) not in {"Log", *_FORWARDERS}:
            return
        event = _argument(call, "event") or (call.args[0] if call.args else None)
        if event is None:
            return
        if isinstance(event, ast.Name) and self._is_handed_on(event.id):
            return
        # Whichever state the task instance has, or was just given.
        if ast.unparse(event).removesuffix(".value").endswith("state"):
            yield from ((state, "system") for state in self._names.of_tasks)
        else:
            yield self._text(event), "system"

    def _is_handed_on(self, name: str) -> bool:
        return name == "event" and any(
            isinstance(node, ast.FunctionDef) and node.name in _FORWARDERS
            for node in ast.walk(self._tree)
        )

    def _text(self, node: ast.expr) -> str:
        """Work out a text that Airflow puts together from constants."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.Name) and node.id in self._constants:
            return self._constants[node.id]
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.JoinedStr):
            return "".join(
                self._text(part.value if isinstance(part, ast.FormattedValue) else part)
                for part in node.values
            )
        if isinstance(node, ast.Call):
            return self._called(node)
        raise self._unreadable(node)

    def _attribute(self, node: ast.Attribute) -> str:
        owner = _last_name(node.value)
        if node.attr == "value":
            return self._text(node.value)
        if owner == "permissions":
            return self._names.permissions[node.attr]
        if owner in {"State", "TaskInstanceState"}:
            return self._names.states[node.attr]
        raise self._unreadable(node)

    def _called(self, call: ast.Call) -> str:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "lower":
            return self._text(call.func.value).lower()
        if _last_name(call.func) == "action_event_from_permission":
            prefix, permission = (
                self._text(_argument(call, name) or call.args[position])
                for position, name in enumerate(("prefix", "permission"))
            )
            verb = permission.removeprefix("can_")
            return f"{prefix}.{verb}" if prefix else verb
        raise self._unreadable(call)

    def _unreadable(self, node: ast.expr) -> UnreadableEventError:
        return UnreadableEventError(f"{self._path}:{node.lineno}: {ast.unparse(node)}")


def _parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _logs_by_permission(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ClassDef)
        and node.name == "AirflowModelView"
        and "f\"{self.route_base.strip('/')}.{permission_str}\"" in ast.unparse(node)
        for node in tree.body
    )


def _assignments(body: list[ast.stmt]) -> Iterator[tuple[ast.Name, ast.expr]]:
    for node in body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target, node.value


def _assigned(body: list[ast.stmt]) -> Iterator[ast.Name]:
    return (target for target, _ in _assignments(body))


def _constants(body: list[ast.stmt]) -> dict[str, str]:
    return {
        target.id: value.value
        for target, value in _assignments(body)
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    }


def _last_name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _is_called(root: ast.AST, node: ast.AST) -> bool:
    """Tell whether a name is what a call in `root` calls: then the call counts, not the name."""
    return any(isinstance(call, ast.Call) and call.func is node for call in ast.walk(root))


def _argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def main(wanted: list[str]) -> None:
    """Write the lists of `wanted` versions."""
    FOLDER.mkdir(exist_ok=True)
    for version in wanted:
        events = events_of(version)
        lines = (f" {json.dumps(event)}: {json.dumps(events[event])}" for event in events)
        path_of(version).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        print(f"{path_of(version).name}: {len(events)} events")


if __name__ == "__main__":
    main(sys.argv[1:] or [*RECIPES, PROVIDERS])
