"""What the hook makes of a command's log and exit code, with a stand-in for Meltano."""

from __future__ import annotations

import json
import logging
import os
import sys
import textwrap

import pytest
from airflow.exceptions import AirflowException, AirflowFailException
from airflow_audit.hooks.meltano import MeltanoHook

BASIC = {"level": "info", "event": "text"}


@pytest.fixture
def project(tmp_path):
    """Make a project whose `meltano` is a Python script."""

    def make(script):
        meltano = tmp_path / ".venv" / "bin" / "meltano"
        meltano.parent.mkdir(parents=True)
        meltano.write_text(f"#!{sys.executable}\nimport json, os, sys\n" + textwrap.dedent(script))
        meltano.chmod(0o755)
        return MeltanoHook(str(tmp_path))

    return make


def failing(**entry):
    return f"print(json.dumps({ {**BASIC, **entry}!r}), file=sys.stderr)\nsys.exit(1)"


def test_log_tells_what_was_read_and_loaded(project):
    read = {"table": "dag", "source_rows": 3, "sent_rows": 2, "bytes": 10, "seconds": 0.5}
    entries = [
        {**BASIC, "read": read},
        {**BASIC, "loaded": {"rows": {"dag": 2}, "seconds": 1.5}},
        {**BASIC, "loaded": {"rows": {"_sync_manifest": 1}, "seconds": 0.5}},
    ]
    hook = project(f"for entry in {entries!r}: print(json.dumps(entry))\nprint('not JSON')")
    assert hook.run(["run"], environment={}).as_dict() == {
        "tables": {"dag": {"source_rows": 3, "sent_rows": 2, "bytes": 10, "seconds": 0.5}},
        "loaded_rows": {"dag": 2, "_sync_manifest": 1},
        "load_seconds": 2.0,
    }


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ({"extractors": 75}, AirflowException),
        ({"loaders": 75}, AirflowException),
        ({"extractors": 1}, AirflowException),
        ({"extractors": 78}, AirflowFailException),
        # The loader of a tap that stopped says that its input is not complete.
        ({"extractors": 78, "loaders": 75}, AirflowFailException),
    ],
)
def test_exit_codes_of_plugins_tell_retryable_from_final(project, codes, error):
    with pytest.raises(AirflowException) as raised:
        project(failing(exit_codes=codes)).run(["run"], environment={})
    assert type(raised.value) is error


def test_wrong_setting_of_a_tap_is_final(project):
    failed = "Catalog discovery failed: command ['tap'] returned 78 with stderr:\n{}"
    with pytest.raises(AirflowFailException):
        project(failing(err=failed, exit_codes={})).run(["run"], environment={})


def test_exit_code_of_an_invoked_plugin_counts_too(project):
    with pytest.raises(AirflowFailException):
        project("sys.exit(78)").run(["invoke"], environment={})


def test_error_says_why(project):
    with pytest.raises(AirflowException, match="the disk is full"):
        project(failing(level="error", event="the disk is full")).run(["run"], environment={})


@pytest.mark.parametrize("as_written", [str, lambda line: json.dumps({**BASIC, "event": line})])
def test_error_names_the_tests_that_failed(project, as_written):
    line = as_written("12:00:00  Failure in test unique_dim_dags (models/marts/_marts.yml)")
    with pytest.raises(AirflowException, match="unique_dim_dags"):
        project(f"print({line!r})\nsys.exit(1)").run(["invoke"], environment={})


def test_neither_airflows_settings_nor_its_python_are_passed_on(project, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "x")
    monkeypatch.setenv("AIRFLOW_CONN_A", "x")
    monkeypatch.setenv("DATACOVES__MAIN__PASSWORD", "x")
    monkeypatch.setenv("VIRTUAL_ENV", "x")
    monkeypatch.setenv("TARGET_SNOWFLAKE_ROLE", "auditor")
    monkeypatch.setenv("AIRFLOW_AUDIT_TABLES_NOT_SYNCED", "production.xcom")
    hook = project("print(json.dumps(dict(os.environ)))")
    seen = json.loads("".join(hook.output(["x"], environment={"GIVEN": "1"})))
    not_ours = ("AIRFLOW_CONN_", "AIRFLOW_HOME", "AIRFLOW__", "DATACOVES__", "PYTHONPATH")
    assert not [name for name in seen if name.startswith(not_ours)]
    assert "VIRTUAL_ENV" not in seen
    assert (seen["TARGET_SNOWFLAKE_ROLE"], seen["GIVEN"]) == ("auditor", "1")
    assert seen["AIRFLOW_AUDIT_TABLES_NOT_SYNCED"] == "production.xcom"


def test_runs_share_no_working_files_but_plugins_and_state(project, tmp_path):
    hook = project("print(os.environ['MELTANO_SYS_DIR_ROOT'])")
    (tmp_path / ".meltano" / "loaders").mkdir(parents=True)
    first, second = ("".join(hook.output(["x"], environment={})).strip() for _ in range(2))
    assert first != second
    assert not os.path.exists(first)  # noqa: PTH110


def test_secrets_are_masked_however_they_are_written(project, caplog, capfd):
    secret = 'p"ss/wörd'
    texts = [secret, "p%22ss%2Fw%C3%B6rd"]
    hook = project(
        f"for text in {texts!r}: print(json.dumps({{'level': 'error', 'event': text}}))\n"
        f"print({texts!r}[0])\nsys.exit(1)"
    )
    with caplog.at_level(logging.INFO), pytest.raises(AirflowException) as error:
        hook.run(["run"], environment={}, secrets=[secret])
    logged = caplog.text + capfd.readouterr().out  # Airflow 3 prints it
    assert logged.count("***") >= 3
    for text in (*texts, "wörd", "w\\u00f6rd"):
        assert text not in logged
        assert text not in str(error.value)
    assert "***" in str(error.value)


@pytest.mark.parametrize("folder", [None, "/nowhere"])
def test_project_that_is_not_there_says_what_to_do(monkeypatch, folder):
    monkeypatch.delenv("AIRFLOW__AIRFLOW_AUDIT__PROJECT_DIR", raising=False)
    with pytest.raises(AirflowFailException, match=r"PROJECT_DIR|make install"):
        MeltanoHook(folder).run(["run"], environment={})
