"""The steps of an export: what each asks of Meltano, and what each refuses to pass on."""

from __future__ import annotations

import json

import pytest
from airflow_audit.airflow_api import AirflowFailException
from airflow_audit.hooks.meltano import MeltanoHook, MeltanoLog
from airflow_audit.operators.table_export import (
    CheckLoadedOperator,
    CheckStagedOperator,
    CleanUpOperator,
    LoadTablesOperator,
    QueryTablesOperator,
    StageTablesOperator,
)

MOMENT = "2026-11-21T17:29:36.225000+00:00"
STATE = {"bookmarks": {"dag_run": {"synced_until": MOMENT}}}


class Meltano:
    """Answers in place of Meltano, and remembers what it was asked."""

    def __init__(self):
        self.asked = []
        self.environments = []
        self.tables = {"dag_run": {"source_rows": 12, "sent_rows": 12, "bytes": 345}}
        self.loaded = {"rows": 12, "rows_of_moment": 12}
        self.state = {}
        self.stopped = 0

    def output(self, arguments, *, environment, secrets=()):
        assert secrets == ["word"]
        self.asked.append(list(arguments))
        self.environments.append(environment)
        if arguments[:2] == ["state", "get"]:
            return iter([json.dumps(self.state)])
        if "--queries" in arguments:
            told = {"sql": "select 1", "source_rows": 12, "source_bytes": 8192}
            return iter([json.dumps({"table": "dag_run", **told})])
        if "--check-messages" in arguments:
            return iter([json.dumps({"table": "dag_run", **staged()})])
        assert "run-operation" in arguments
        return iter(["12:00:00  a warning\n", json.dumps({"table": "dag_run", **self.loaded})])

    def run(self, arguments, *, environment, secrets=(), stdout=None):
        assert secrets == ["word"]
        self.asked.append(list(arguments))
        self.environments.append(environment)
        if stdout is not None:
            stdout.write("messages\n")
        if arguments[:2] == ["state", "set"]:
            with open(arguments[arguments.index("--input-file") + 1]) as file:  # noqa: PTH123
                self.state = json.load(file)
        return MeltanoLog(tables=self.tables)


def staged(**told):
    return {
        "is_full_read": True,
        "source_rows": 12,
        "staged_rows": 12,
        "staged_bytes": 345,
        "extracted_at": MOMENT,
        **told,
    }


class TaskInstance:
    def __init__(self, told):
        self._told = told

    def xcom_pull(self, *, task_ids):
        assert task_ids == "check_staged"
        return self._told


@pytest.fixture(autouse=True)
def meltano(monkeypatch):
    fake = Meltano()
    for name in ("ENVIRONMENT_SLUG", "DATACOVES__ENVIRONMENT_SLUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TAP_AIRFLOW_METADATA_DATABASE_URL", "postgresql://reader:word@db/airflow")
    monkeypatch.setattr(MeltanoHook, "run", lambda _, *args, **named: fake.run(*args, **named))
    monkeypatch.setattr(
        MeltanoHook, "output", lambda _, *args, **named: fake.output(*args, **named)
    )
    monkeypatch.setattr(MeltanoHook, "require_plugin", lambda *_: None)
    monkeypatch.setattr(MeltanoHook, "stop", lambda _: setattr(fake, "stopped", fake.stopped + 1))
    return fake


@pytest.fixture
def step(tmp_path):
    def make(operator, **arguments):
        given = {
            "tables": ["dag_run"],
            "mode": "mirror",
            "export_name": "dag_run",
            "environment_slug": "prod",
            "stage_dir": str(tmp_path),
        }
        return operator(task_id="step", **{**given, **arguments})

    return make


def context(run_id="scheduled__2026-11-21T00:00:00+00:00", **told):
    return {"run_id": run_id, "ti": TaskInstance({"tables": {"dag_run": staged(**told)}})}


def staged_files(step, **arguments):
    """A run's folder as it is after `stage`; returns it."""
    operator = step(StageTablesOperator, **arguments)
    operator.execute(context())
    folder = operator._run_folder(context())
    file = folder / "sync" / "dag_run.parquet"
    file.parent.mkdir()
    file.write_bytes(b"x" * 345)
    messages = [
        {"type": "BATCH", "stream": "dag_run", "manifest": [file.as_uri()]},
        {"type": "STATE", "value": STATE},
    ]
    (folder / "messages.jsonl").write_text("\n".join(map(json.dumps, messages)))
    return folder


def test_a_table_that_is_not_counted_has_no_number(step, capfd):
    told = QueryTablesOperator._totals(
        step(QueryTablesOperator),
        {"log": {"source_rows": None, "source_bytes": 8192}},
        "source_rows",
        "source_bytes",
    )
    assert (told["rows"], told["bytes"]) == (None, 8192)
    assert "log: uncounted rows, 8,192 bytes" in capfd.readouterr().out


def test_query_shows_the_sql_and_the_counts(step, meltano, capfd):
    told = step(QueryTablesOperator).execute(context())
    assert (told["rows"], told["bytes"]) == (12, 8192)
    log = capfd.readouterr().out
    assert "dag_run: select 1" in log
    assert "dag_run: 12 rows, 8,192 bytes" in log
    # A mirror is always read whole.
    assert [asked[:3] for asked in meltano.asked] == [
        ["invoke", "tap-airflow-metadata", "--queries"]
    ]


def test_stage_begins_anew_in_a_folder_of_its_run(step, meltano):
    operator = step(StageTablesOperator)
    folder = operator._run_folder(context())
    folder.mkdir(parents=True)
    (folder / "left.parquet").touch()
    told = operator.execute(context())
    assert (told["rows"], told["bytes"]) == (12, 345)
    assert sorted(path.name for path in folder.iterdir()) == ["messages.jsonl", "state.json"]
    assert (folder / "messages.jsonl").read_text() == "messages\n"
    assert folder.stat().st_mode & 0o077 == 0
    environment = meltano.environments[-1]
    batch = json.loads(environment["TAP_AIRFLOW_METADATA_BATCH_CONFIG"])
    assert batch["storage"]["root"] == folder.as_uri()
    assert json.loads(environment["TAP_AIRFLOW_METADATA_TABLES"]) == ["dag_run"]
    assert environment["AIRFLOW_AUDIT_MODE"] == "mirror"
    assert environment["TARGET_DUCKDB_DEFAULT_TARGET_SCHEMA"] == "airflow_prod_export"


def test_runs_do_not_share_a_folder(step):
    operator = step(StageTablesOperator)
    folders = {operator._run_folder(context(run_id)) for run_id in ("a+b", "a:b", "a_b")}
    assert len(folders) == 3
    assert all(folder.name.startswith("a_b") for folder in folders)


def test_a_table_that_was_not_read_is_a_failure(step, meltano):
    meltano.tables = {}
    with pytest.raises(AirflowFailException, match="dag_run: not read"):
        step(StageTablesOperator).execute(context())


def test_check_staged_counts_the_messages_of_its_run(step, meltano):
    folder = staged_files(step)
    told = step(CheckStagedOperator).execute(context())
    assert (told["rows"], told["bytes"]) == (12, 345)
    assert told["tables"]["dag_run"]["extracted_at"] == MOMENT
    assert meltano.asked[-1][2:] == ["--check-messages", str(folder / "messages.jsonl")]


@pytest.mark.parametrize("operator", [CheckStagedOperator, LoadTablesOperator, CheckLoadedOperator])
def test_files_on_another_machine_are_a_failure(step, operator):
    with pytest.raises(AirflowFailException, match=r"all workers share.*clear its task stage"):
        step(operator).execute(context())


def test_load_takes_the_messages(step, meltano):
    folder = staged_files(step)
    told = step(LoadTablesOperator).execute(context())
    assert (told["rows"], told["bytes"]) == (12, 345)
    messages = str(folder / "messages.jsonl")
    assert meltano.asked[-1] == ["invoke", "target-duckdb", "--input", messages]


def test_load_does_not_load_again_what_a_killed_try_has_loaded(step, meltano, capfd):
    folder = staged_files(step)
    (folder / "sync" / "dag_run.parquet").unlink()
    before = len(meltano.asked)
    step(LoadTablesOperator).execute(context())
    assert len(meltano.asked) == before
    assert "an earlier try has loaded it" in capfd.readouterr().out


def test_check_loaded_counts_with_dbt(step, meltano):
    staged_files(step)
    told = step(CheckLoadedOperator).execute(context())
    assert (told["rows"], told["bytes"]) == (12, 345)
    asked = meltano.asked[-1]
    assert asked[1] == "dbt"
    assert json.loads(asked[asked.index("--args") + 1]) == {
        "schema": "airflow_prod_export",
        "table_names": ["dag_run"],
        "extracted_at": MOMENT,
    }
    assert meltano.state == {}


@pytest.mark.parametrize(
    ("loaded", "said"),
    [
        ({"rows": 12, "rows_of_moment": 11}, "prod_export.dag_run of duckdb has 11 of this moment"),
        ({"rows": 14, "rows_of_moment": 12}, "has 14 in all"),
        ({"rows": None, "rows_of_moment": None}, "there is no airflow_prod_export.dag_run"),
    ],
)
def test_a_difference_is_a_failure_with_its_numbers(step, meltano, loaded, said):
    staged_files(step)
    meltano.loaded = loaded
    with pytest.raises(AirflowFailException, match=said) as error:
        step(CheckLoadedOperator).execute(context())
    assert "dag_run: 12 rows at the source, 12 staged, but" in str(error.value)


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_state_moves_when_what_was_loaded_is_proven(step, meltano, mode):
    staged_files(step, mode=mode)
    check = step(CheckLoadedOperator, mode=mode)
    meltano.loaded = {"rows": 30, "rows_of_moment": 11}
    with pytest.raises(AirflowFailException):
        check.execute(context())
    assert meltano.state == {}
    meltano.loaded = {"rows": 30, "rows_of_moment": 12}  # older rows stay
    check.execute(context())
    assert meltano.state == {"singer_state": STATE}
    operator = step(StageTablesOperator, mode=mode)
    operator.execute(context())
    assert json.loads((operator._run_folder(context()) / "state.json").read_text()) == STATE


def test_state_is_of_one_table_in_one_schema_in_one_mode(step, meltano):
    ids = set()
    for arguments in (
        {},
        {"export_name": "log"},
        {"mode": "append"},
        {"destination_schema": "other"},
        {"environment_slug": "dev"},
        {"warehouse": "snowflake"},
    ):
        step(QueryTablesOperator, **{"mode": "merge", **arguments}).execute(context())
        ids.add(meltano.asked[-2][2])
    assert len(ids) == 6


def test_clean_up_removes_its_runs_folder_and_no_other(step):
    folder = staged_files(step)
    other = folder.with_name("other")
    other.mkdir()
    clean_up = step(CleanUpOperator)
    told = clean_up.execute(context())
    assert told["files"] == 3
    assert told["bytes"] > 345
    assert not folder.exists()
    assert other.exists()
    assert clean_up.execute(context()) == {"files": 0, "bytes": 0}


def test_a_schema_without_hyphens_where_the_warehouse_takes_none(step, meltano):
    step(QueryTablesOperator, environment_slug="a-b", warehouse="bigquery").execute(context())
    environment = meltano.environments[-1]
    assert environment["TARGET_BIGQUERY_DEFAULT_TARGET_SCHEMA"] == "airflow_a_b_export"


def test_on_kill_ends_meltano(step, meltano):
    step(LoadTablesOperator).on_kill()
    assert meltano.stopped == 1
