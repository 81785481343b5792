"""Type markers into every command of an installed Airflow that it notes in its audit log.

The Python of that Airflow runs it: `type_in_cli.py FILE`, the list of the events that its source
can write. No command does its work: each ends as soon as it is noted.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import inspect
import io
import json
import shlex
import socket
import sys
from pathlib import Path

from airflow.cli import cli_parser
from airflow.utils import cli_action_loggers

# What people do that the parser does not tell: the value beside its option and tied to it, short
# and abbreviated options, before and after the names, and texts that need quoting.
_AS_PEOPLE_DO = r"""
variables set CANARY-variables_set-key CANARY-variables_set-value
variables set -j CANARY-variables_set-key '{"a": "CANARY-variables_set-value"}'
variables set db_password '{"a": "CANARY-variables_set-value"}' --json
variables set CANARY-variables_set-key -- -CANARY-variables_set-value
variables set -- CANARY-variables_set-key -CANARY-variables_set-value
variables set --description CANARY-variables_set-description key CANARY-variables_set-value
variables set key --description=CANARY-variables_set-description CANARY-variables_set-value
variables set --desc CANARY-variables_set-description key CANARY-variables_set-value
variables set key "it's CANARY-variables_set-value"
variables set key "it's \"CANARY-variables_set-value\" \\ é漢🚀"
variables set key "a', '--role', 'CANARY-variables_set-value"
variables set key "a\", \"--role\", \"CANARY-variables_set-value', '--run-id', 'x"
variables set "it's a key" CANARY-variables_set-value
connections add c --conn-type http --conn-password=CANARY-connections_add-conn_password
connections add c --conn-type http --conn-pass CANARY-connections_add-conn_password
connections add c --conn-type http --conn-pass=CANARY-connections_add-conn_password
connections add --conn-uri http://u:CANARY-connections_add-uri_password@host/x c
connections add --conn-uri=http://u:CANARY-connections_add-uri_password@host/x c
connections add c --conn-u http://u:CANARY-connections_add-uri_password@host/x
connections add c '--conn-json={"conn_type": "http", "password": "CANARY-connections_add-json"}'
connections add c --conn-j '{"conn_type": "http", "password": "CANARY-connections_add-json"}'
dags trigger -c '{"token": "CANARY-dag_trigger-conf"}' -r CANARY-dag_trigger-run_id d
dags trigger '-c={"token": "CANARY-dag_trigger-conf"}' -r=CANARY-dag_trigger-run_id d
dags trigger '-c{"token": "CANARY-dag_trigger-conf"}' -rCANARY-dag_trigger-run_id d
dags trigger --con '{"token": "CANARY-dag_trigger-conf"}' d --run CANARY-dag_trigger-run_id
users create -u u -f CANARY-users_create-firstname -l CANARY-users_create-lastname
 -e CANARY-users_create-email -r Admin -p CANARY-users_create-password
users create -uu -fCANARY-users_create-firstname -lCANARY-users_create-lastname
 -eCANARY-users_create-email -rAdmin -pCANARY-users_create-password
users create --user u --first CANARY-users_create-firstname --last CANARY-users_create-lastname
 --email=CANARY-users_create-email --role Admin --pass CANARY-users_create-password
users add-role -u CANARY-users_manage_role-username -r CANARY-users_manage_role-role
users remove-role -e CANARY-users_manage_role-email -r CANARY-users_manage_role-role
users reset-password -u u --pass=CANARY-user_reset_password-password
pools set CANARY-pool_set-pool 3 -- -CANARY-pool_set-description
""".replace("\n ", " ").strip()

_JSON = {"conf", "conn_extra", "dag_run_conf", "task_params"}


class _NotedError(BaseException):
    """Ends a command; Airflow goes on after any Exception in what is called here."""


def main(events: set[str]) -> None:
    """Type all commands whose events are `events`."""
    # The values of a machine.
    socket.gethostname = lambda: "airflow-host"
    cli_action_loggers.register_pre_exec_callback(_stop)
    parser = cli_parser.get_parser()
    commands = [
        words + arguments
        for words, command in _commands(parser)
        for arguments in _filled(command, _event(command._defaults.get("func")))
    ]
    for words in [*commands, *map(shlex.split, _AS_PEOPLE_DO.splitlines())]:
        sys.argv = ["/opt/airflow/bin/airflow", *words]
        # An Airflow may not know a command or an option: then it notes nothing.
        with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
            given = parser.parse_args(words)
            if f"cli_{_event(given.func)}" in events:
                with contextlib.suppress(_NotedError):
                    given.func(given)


def _stop(**_: object) -> None:
    raise _NotedError


def _commands(parser, words=()):
    """Yield every command: its words and its parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield from _commands(command, (*words, name))
            return
    yield list(words), parser


def _event(command) -> str:
    """The name of the function that Airflow notes, which it loads when a command is given."""
    path = inspect.getclosurevars(command).nonlocals.get("import_path", "")
    module, _, name = path.rpartition(".")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, ValueError):  # a command of what is not installed
        return ""
    return getattr(function, "func", function).__name__  # add-role is part of a function


def _filled(command, event):
    """Yield arguments with a marker in each; of those that exclude each other, one at a time."""
    groups = [group._group_actions for group in command._mutually_exclusive_groups]
    for number in range(max([1, *map(len, groups)])):
        without = [a for group in groups for a in group if a is not group[number % len(group)]]
        names, options = [], []
        for action in command._actions:
            if action in without or isinstance(action, argparse._HelpAction):
                continue
            if not action.option_strings:
                names += _values(action, event)
            elif action.nargs == 0:
                # One that stands for another, such as a password by chance.
                options += action.option_strings[-1:] if any(action in g for g in groups) else []
            else:
                options += [action.option_strings[-1], *_values(action, event)]
        yield names + options


def _values(action, event):
    """What to type for an argument: its marker, in a form that its type accepts."""
    marker = f"CANARY-{event}-{action.dest}"
    if action.choices:
        forms = sorted(map(str, action.choices))[:1]
    elif action.dest == "conn_uri":
        part = f"CANARY-{event}-uri"
        forms = [f"http://{part}_login:{part}_password@{part}_host:80/{part}_schema?a={part}_extra"]
    elif action.dest == "conn_json":
        parts = {part: f"{marker}_{part}" for part in ("login", "password", "host")}
        forms = [json.dumps({"conn_type": "http", **parts, "extra": {"a": f"{marker}_extra"}})]
    elif action.dest in _JSON:
        forms = [json.dumps({"password": marker, "a": [marker]})]
    else:
        # A text, JSON, a date, a number, a folder.
        forms = [marker, json.dumps({"A": marker}), "2025-02-03", "1", "."]
    form = next(form for form in forms if _is_accepted(action, form))
    return [form] * (action.nargs if isinstance(action.nargs, int) else 1)


def _is_accepted(action, form: str) -> bool:
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            (action.type or str)(form)
    except (Exception, SystemExit):  # noqa: BLE001  (every type has its own)
        return False
    return True


if __name__ == "__main__":
    main(set(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
