"""The command `airflow-snapshot neutralise`."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from psycopg.conninfo import conninfo_to_dict

from airflow_snapshot import cli
from tests.snapshot.airflow_copies import content, make_copy, rows


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command; give exit code, output and errors."""
    for name in ("INTO", "OLD_FERNET_KEY", "NEW_FERNET_KEY"):
        monkeypatch.delenv(f"AIRFLOW_SNAPSHOT_{name}", raising=False)

    def run_command(*arguments: str, **environ: str) -> tuple[int, str, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["airflow-snapshot", "neutralise", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return run_command


@pytest.fixture
def copy(postgres) -> str:
    return make_copy(postgres, "3.3.2")


def test_it_prints_what_it_did(run, copy) -> None:
    code, out, _ = run("--into", copy)
    assert code == 0
    assert "paused every DAG (dag: 1)" in out
    assert rows(copy, "select distinct is_paused from dag") == [(True,)]


def test_a_dry_run(run, copy) -> None:
    before = content(copy)
    code, out, _ = run("--dry-run", AIRFLOW_SNAPSHOT_INTO=copy)
    assert code == 0
    assert "would have paused every DAG (dag: 1)" in out
    assert content(copy) == before


def test_options_reach_it(run, copy, tmp_path) -> None:
    key = Fernet.generate_key().decode()
    file = tmp_path / "staging.yaml"
    file.write_text("variables: {stage: '${STAGE}'}")
    code, _, _ = run(
        *("--into", copy, "--unfinished", "cleared", "--overrides", str(file)),
        STAGE="staging",
        AIRFLOW_SNAPSHOT_NEW_FERNET_KEY=key,
    )
    assert code == 0
    assert rows(copy, "select state from dag_run where run_id = 'scheduled_running' limit 1") == [
        ("queued",)
    ]
    ((value,),) = rows(copy, "select val from variable where key = 'stage'")
    assert Fernet(key).decrypt(value.encode()) == b"staging"


def test_the_old_key_reaches_it(run, copy) -> None:
    code, _, error = run("--into", copy, AIRFLOW_SNAPSHOT_OLD_FERNET_KEY="none")
    assert code == 78
    assert error.startswith("Error: AIRFLOW_SNAPSHOT_OLD_FERNET_KEY is no Fernet key")


@pytest.mark.parametrize(
    "address", ["postgresql://me:hunter2@127.0.0.1:1/x", "dbname=x password=hunter2"]
)
def test_a_password_in_the_command_line_is_refused(run, address) -> None:
    code, _, error = run("--into", address)
    assert code == 78
    assert error.startswith("Error: A password in a command line is visible to all users")
    assert "Set AIRFLOW_SNAPSHOT_INTO in place of --into" in error
    assert "hunter2" not in error


def test_a_password_in_the_environment_is_not(run, postgres, copy) -> None:
    name = conninfo_to_dict(copy)["dbname"]
    code, _, error = run(AIRFLOW_SNAPSHOT_INTO=postgres.tcp_url(name))
    assert (code, error) == (0, "")


def test_without_an_address(run) -> None:
    code, _, error = run()
    assert code == 78
    assert error.startswith("Error: --into (or AIRFLOW_SNAPSHOT_INTO) is not set")


def test_a_refusal_is_final(run, postgres) -> None:
    url = postgres.create_database("never_restored")
    code, _, error = run("--into", url)
    assert code == 78
    assert "was not restored by airflow-snapshot restore" in error


def test_a_schema_that_is_not_airflows(run, copy) -> None:
    code, _, error = run("--into", copy, "--schema", "elsewhere")
    assert code == 78
    assert "schema elsewhere" in error


def test_help_names_the_keys(run) -> None:
    _, out, _ = run("--help")
    assert "AIRFLOW_SNAPSHOT_OLD_FERNET_KEY" in out
    assert "AIRFLOW_SNAPSHOT_NEW_FERNET_KEY" in out
    assert "AIRFLOW_SNAPSHOT_INTO" in out
