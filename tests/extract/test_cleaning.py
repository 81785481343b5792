"""What is left of a value that people typed or programs wrote."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tap_airflow_metadata.cleaning import Rule, cleaned
from tap_airflow_metadata.log_extra import allow_list
from tests.extract.tap_runs import sync_here
from tests.real_airflow.install import REPOSITORY
from tests.real_airflow.postgres import ThrowawayPostgres, execute

SECRET = "hunter2"
Cleaner = Callable[[Rule, str, str], tuple[str | None, str | None]]


@pytest.fixture(scope="module")
def clean(postgres: ThrowawayPostgres) -> Iterator[Cleaner]:
    with psycopg.connect(postgres.url("postgres")) as connection:

        def clean(rule: Rule, value: str, event: str = "") -> tuple[str | None, str | None]:
            row = connection.execute(
                f"select {cleaned(rule, 'extra')} from (values (%s, %s)) as log (event, extra)"
                # A pattern's own signs of per cent.
                .replace("%", "%%")
                .replace("(%%s, %%s)", "(%s, %s)")
                .encode(),
                (event, value),
            ).fetchone()
            assert row is not None
            kept, found = row[0]
            return kept, found

        yield clean


def command(*words: str) -> str:
    return json.dumps({"host_name": "worker", "full_command": str(["/bin/airflow", *words])})


def kept_command(*words: str) -> str:
    return json.dumps({"full_command": str(["airflow", *words])})


def bulk(*entities: dict[str, object]) -> str:
    """What Airflow notes of one change of several DAGs."""
    actions = [{"action": "update", "entities": entities, "action_on_non_existence": "fail"}]
    return json.dumps({"actions": actions, "method": "PATCH"})


def answer(chosen: object, **entered: object) -> str:
    """What Airflow notes of an answer, and what is left of it."""
    noted = {"map_index": "-1", "chosen_options": chosen}
    if isinstance(chosen, list):
        noted["params_input"] = entered
    elif chosen is None:
        del noted["chosen_options"]
    return json.dumps(noted)


def notes() -> list[tuple[str, str, str | None, str | None]]:
    """An event, what Airflow notes beside it, what is left of that, and what was found."""
    return [
        # Nothing but what is kept; as it is.
        ("trigger_dag_run", '{"dag_run_id": "one", "method": "POST"}', "=", None),
        ("patch_dag", '{"is_paused": false, "method": "PATCH"}', "=", None),
        ("paused", "[('dag_id', 'x'), ('is_paused', True)]", "=", None),
        ("api.post_pool", '{"name": "T\\u00e4glich", "slots": 3}', "=", None),
        ("pool.edit", "[('pool', 'Täglich 1'), ('slots', '3')]", "=", None),
        ("delete_variable", "{}", "=", None),
        # A value that is there, but not which.
        (
            "trigger_dag_run",
            json.dumps({"conf": {"a": {"b": [SECRET]}}, "note": SECRET, "run_after": None}),
            '{"conf": "***", "note": "***"}',
            "cut",
        ),
        ("trigger", f"[('conf', '{{\"a\": \"{SECRET}\"}}')]", "[('conf', '***')]", "cut"),
        ("trigger_dag_run", '{"conf": {}, "note": null}', '{"note": ""}', "cut"),
        ("trigger", '{"conf": "{}", "dag_id": "x"}', '{"dag_id": "x"}', "cut"),
        ("trigger", "[('conf', '{ }'), ('dag_id', 'x')]", "[('dag_id', 'x')]", "cut"),
        # A note that is taken away.
        ("patch_dag_run", '{"note": "", "method": "PATCH"}', "=", None),
        # Of choices, what they decide.
        ("update_hitl_detail", answer(["Approve"]), answer("approved"), "cut"),
        ("update_hitl_detail", answer(["Reject"]), answer("rejected"), "cut"),
        ("update_hitl_detail", answer([SECRET]), answer("other"), "cut"),
        ("update_hitl_detail", answer(["Approve", "Reject"]), answer("other"), "cut"),
        ("update_hitl_detail", answer([f'"], "{SECRET}']), answer("other"), "cut"),
        ("update_hitl_detail", answer([]), answer("other"), "cut"),
        ("update_hitl_detail", answer(["Approve"], chosen_options=["Reject"]), answer(None), "cut"),
        ("update_hitl_detail", json.dumps({"chosen_options": SECRET}), "{}", "cut"),
        # Kept names in what is nested in others, or in their texts.
        ("post_connection", json.dumps({"extra": {"conn_id": SECRET}}), "{}", "cut"),
        ("post_variable", json.dumps({"value": f'", "key": "{SECRET}'}), "{}", "cut"),
        ("connection.edit", str([("extra", f"('conn_id', '{SECRET}')")]), "[]", "cut"),
        ("connection.edit", str([("extra", f"it's ('conn_id', '{SECRET}')")]), "[]", "cut"),
        ("bulk_pools", json.dumps({"actions": [{"pool": SECRET}]}), "{}", "cut"),
        ("trigger", json.dumps({"conf": "[[[[[[[" + SECRET}), '{"conf": "***"}', "cut"),
        ("trigger", '{"conf": [[[[[["hunter2"]]]]]]}', None, "unknown"),
        # Values of another form than the name has.
        ("patch_pool", json.dumps({"slots": SECRET}), "{}", "cut"),
        ("patch_dag_run", json.dumps({"state": SECRET}), "{}", "cut"),
        ("clear", json.dumps({"confirmed": {"a": SECRET}}), "{}", "cut"),
        ("trigger", json.dumps({"run_id": [SECRET]}), "{}", "cut"),
        ("trigger", json.dumps({"run_id": f"<{SECRET}>"}), '{"run_id": ""}', "cut"),
        # What nobody knows.
        ("trigger", json.dumps({"new": SECRET, "dag_id": "x"}), '{"dag_id": "x"}', "unknown"),
        ("trigger", f"{{'{SECRET}", None, "unknown"),
        ("trigger", f'{{"dag_id": "x" {SECRET}', None, "unknown"),
        ("trigger", f"[('dag_id', 'x') {SECRET}]", None, "unknown"),
        ("trigger", '{"dag_id": "\\u0000\\ud83d"}', '{"dag_id": "\\u0000\\ud83d"}', None),
        ("trigger", '{"dag_id": 1e999999}', None, "unknown"),
        ("trigger", '{"dag_id": "a\nb"}', '{"dag_id": ""}', "cut"),
        ("trigger", "", None, "unknown"),
        # Of several DAGs at once which, and the state of all of them.
        (
            "bulk_dags",
            bulk(({"dag_id": "a", "is_paused": True}), {"dag_id": "b", "is_paused": True}),
            '{"dag_ids": ["a", "b"], "scheduling_state": "paused"}',
            "cut",
        ),
        (
            "bulk_dags",
            bulk({"scheduling_state": "draining", "is_paused": None, "dag_id": "t\u00e4glich"}),
            '{"dag_ids": ["t\\u00e4glich"], "scheduling_state": "draining"}',
            "cut",
        ),
        (
            "bulk_dags",
            bulk({"dag_id": "a", "is_paused": False}, {"dag_id": "b", "is_paused": True}),
            '{"dag_ids": ["a", "b"]}',
            "cut",
        ),
        (
            "bulk_dags",
            bulk({"dag_id": f'", "dag_id": "{SECRET}', "scheduling_state": SECRET}),
            '{"dag_ids": []}',
            "cut",
        ),
        # Events without a list keep nothing.
        ("state mismatch", SECRET, None, "cut"),
        ("running", '{"host_name": "worker"}', None, "cut"),
        ("success", '{"host_name": "worker"}', None, "cut"),
        ("cli_task_run", command("tasks", "run", SECRET), None, "cut"),
        ("of_a_plugin", json.dumps({"dag_id": SECRET}), None, "cut"),
    ]


def commands() -> list[tuple[str, list[str], list[str]]]:
    """An event, the words of its command, and those that are left."""
    return [
        ("cli_variables_set", ["variables", "set", "k", SECRET], ["variables", "set", "k"]),
        (
            "cli_variables_set",
            ["variables", "set", "-j", "--description", f'a "b" it\'s {SECRET}', "k", f"'{SECRET}"],
            ["variables", "set", "k", "-j", "--description"],
        ),
        (
            "cli_variables_set",
            ["variables", "set", f"--description={SECRET}", "k", "v"],
            ["variables", "set", "k", "--description"],
        ),
        # An option that is shortened, or joined with its value, may take the next word or not.
        ("cli_variables_set", ["variables", "set", "--desc", SECRET, "k"], ["variables", "set"]),
        ("cli_variables_set", ["variables", "set", f"-x{SECRET}", "k"], ["variables", "set"]),
        (
            "cli_variables_set",
            ["variables", "set", "--", "k", f"-{SECRET}"],
            ["variables", "set", "k"],
        ),
        ("cli_variables_set", ["variables", "set", "--", f"-{SECRET}"], ["variables", "set"]),
        (
            "cli_connections_add",
            ["connections", "add", "--conn-password", SECRET, "--conn-uri", SECRET, "crm"],
            ["connections", "add", "crm", "--conn-password", "--conn-uri"],
        ),
        ("cli_users_create", ["users", "create", f"-p{SECRET}"], ["users", "create"]),
        (
            "cli_users_manage_role",
            ["users", "add-role", "-u", "jane", "-r", "Admin", "-e", SECRET],
            ["users", "add-role", "-u", "jane", "-r", "Admin", "-e"],
        ),
        (
            "cli_dag_trigger",
            ["dags", "trigger", SECRET, "-c", SECRET, "--run-id", "one", f"--conf={SECRET}"],
            ["dags", "trigger", "-c", "--run-id", "one", "--conf"],
        ),
        ("cli_pool_set", ["pools", "set", "a b", "3", SECRET], ["pools", "set", "a b"]),
        ("cli_pool_set", ["pools", "set"], ["pools", "set"]),
    ]


@pytest.mark.parametrize(("event", "note", "kept", "found"), notes())
def test_a_request(
    event: str, note: str, kept: str | None, found: str | None, clean: Cleaner
) -> None:
    assert clean("log_extra", note, event) == (note if kept == "=" else kept, found)


@pytest.mark.parametrize(("event", "words", "kept"), commands())
def test_a_command(event: str, words: list[str], kept: list[str], clean: Cleaner) -> None:
    assert clean("log_extra", command(*words), event) == (kept_command(*kept), "cut")


@pytest.mark.parametrize(
    "note", [command("scheduler"), command("roles", "create", SECRET), SECRET, "{}"]
)
def test_a_command_that_is_not_that_of_the_event(note: str, clean: Cleaner) -> None:
    assert clean("log_extra", note, "cli_variables_set") == (None, "unknown")


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("db.example.com", "="),
        ("db_1:5432", "="),
        ("kafka1:9092,kafka2:9092", "="),
        ("::1", "="),
        ("https://[::1]:8080", "="),
        ("/var/lib/data.db", "="),
        ("", "="),
        (f"https://user:{SECRET}@example.com:8080/path?token={SECRET}", "https://example.com:8080"),
        (f"user:{SECRET}@db", "db"),
        (f"user:a@{SECRET}@db", "db"),
        (f"https://hooks.slack.com/services/{SECRET}", "https://hooks.slack.com"),
        (f"jdbc:sqlserver://db:1433;user=sa;password={SECRET}", "jdbc:sqlserver://db:1433"),
        # Where the password ends is anybody's guess.
        (f"user:1/{SECRET}@db", None),
        (f"https://example.com/?mail={SECRET}@example.com", None),
        (f"Server=db;Password={SECRET}", None),
        (f"my password is {SECRET}", None),
    ],
)
def test_a_host(host: str, kept: str | None, clean: Cleaner) -> None:
    expected = (host, None) if kept == "=" else (kept, "cut")
    assert clean("host", host) == expected


@pytest.mark.parametrize(
    ("chosen", "offered", "kept"),
    [
        ('["Approve"]', '["Approve", "Reject"]', '"approved"'),
        ('["Reject"]', '["Approve", "Reject"]', '"rejected"'),
        ('["Approve", "Reject"]', '["Approve", "Reject"]', '"other"'),
        ('["Approve"]', '["Approve", "Escalate"]', '"other"'),
        (f'["{SECRET}"]', f'["{SECRET}"]', '"other"'),
        ("[]", '["Approve", "Reject"]', '"other"'),
        ("null", '["Approve", "Reject"]', None),
        (None, '["Approve", "Reject"]', None),
    ],
)
def test_a_verdict(
    chosen: str | None, offered: str, kept: str | None, postgres: ThrowawayPostgres
) -> None:
    with psycopg.connect(postgres.url("postgres")) as connection:
        row = connection.execute(
            f"""
            select ({cleaned("verdict", "chosen_options")})[1]
            from (select %s::json as chosen_options, %s::json as options) as hitl_detail
            """.encode(),
            (chosen, offered),
        ).fetchone()
    assert row == (kept,)


@pytest.mark.parametrize(("login", "kept"), [(SECRET, "set"), ("", "empty"), (None, "empty")])
def test_whether_there_is_a_login(
    login: str | None, kept: str, postgres: ThrowawayPostgres
) -> None:
    query = f"select ({cleaned('presence', 'login')})[1] from (select %s::text as login) as it"
    with psycopg.connect(postgres.url("postgres")) as connection:
        assert connection.execute(query.encode(), (login,)).fetchone() == (kept,)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("s3://bucket/key?region=eu", "="),
        ("one of two: a@b.example or c://d", "="),
        (f"s3://user:{SECRET}@bucket/key", "s3://bucket/key"),
        (f"from x://u:{SECRET}@a to y://{SECRET}@b", "from x://a to y://b"),
        (f"x://a?Access_Token={SECRET}&day=1;sig={SECRET}", "x://a?Access_Token=***&day=1;sig=***"),
        (f"x://a?db_passwd={SECRET}&PWD={SECRET}", "x://a?db_passwd=***&PWD=***"),
    ],
)
def test_addresses(text: str, kept: str, clean: Cleaner) -> None:
    expected = (text, None) if kept == "=" else (kept, "cut")
    assert clean("addresses", text) == expected


def test_the_manifest_counts_the_rows(filled_database, tmp_path) -> None:
    url = filled_database("3.3.2", rows=5)
    execute(
        url,
        "update log set event = 'trigger', extra = null",
        f'update log set extra = \'{{"conf": "{SECRET}"}}\' where id in (1, 2)',
        f'update log set extra = \'{{"new": "{SECRET}"}}\' where id = 3',
    )
    run = sync_here(tmp_path, database_url=url, tables=["log", "dag_run"])
    manifest = run.manifest("log")
    assert (manifest["cleaned_rows"], manifest["unknown_rows"]) == (3, 1)
    assert (run.manifest("dag_run")["cleaned_rows"], run.manifest("dag_run")["unknown_rows"]) == (
        0,
        0,
    )
    assert SECRET not in str(run.rows("log"))


def test_another_rule_reads_the_table_whole(filled_database, tmp_path, monkeypatch) -> None:
    url = filled_database("3.3.2", rows=5)
    first = sync_here(tmp_path, database_url=url, tables=["log"])
    assert not sync_here(tmp_path, first.state, database_url=url, tables=["log"]).manifest("log")[
        "is_full_read"
    ]
    monkeypatch.setitem(allow_list().forms, "number", "[0-9]")
    again = sync_here(tmp_path, first.state, database_url=url, tables=["log"])
    assert again.manifest("log")["is_full_read"]


def test_the_allow_list_names_the_events_of_the_seed() -> None:
    with (REPOSITORY / "transform/seeds/audit_events.csv").open(encoding="utf-8") as file:
        seed = {row["event"]: row for row in csv.DictReader(file)}
    listed = [event for group in allow_list().requests for event in group.events]
    plain = {event.removeprefix("api.").removeprefix("ui.") for event in listed}
    assert len(listed) == len(set(listed)) == 3 * len(plain)
    assert {*plain, *allow_list().bulk_dags} - seed.keys() == set()
    assert allow_list().commands.keys() - seed.keys() == set()
    acted = {
        event
        for event, row in seed.items()
        if row["is_human"] == "true"
        and not event.startswith("cli_")
        and row["category"] in {"run", "task", "dag", "backfill", "config"}
    }
    assert acted - plain - set(allow_list().bulk_dags) == WITHOUT_VALUES


# What these are given is a file, or a value of a task's.
WITHOUT_VALUES = {
    "create_xcom_entry",
    "delete_xcom_entry",
    "slamiss.delete",
    "slamiss.edit",
    "update_xcom_entry",
    "variables.varimport",
    "varimport",
    "xcom.delete",
}
