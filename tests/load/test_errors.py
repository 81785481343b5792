"""Every error a user can meet: what it says, its exit code, and that nothing is lost by it."""

from __future__ import annotations

import errno
import json
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.load.loaded_duckdb import LoadedDuckDB
from tests.load.loaded_warehouse import wait_until_read
from tests.load.singer import (
    INTEGER,
    JSON,
    MOMENTS,
    STATE,
    TEXT,
    batch,
    parquet,
    record,
    schema,
)
from warehouse_targets import duckdb_warehouse
from warehouse_targets.duckdb_warehouse import DuckDBWarehouse
from warehouse_targets.errors import (
    EXIT_FINAL,
    EXIT_RETRYABLE,
    DiskFullError,
    InputError,
    LoadError,
    TargetSettingsError,
    WarehouseRefusedError,
    WarehouseUnavailableError,
)
from warehouse_targets.loader import load
from warehouse_targets.stream_buffer import StreamBuffer

PROPERTIES = {"id": INTEGER, "note": TEXT}
BEGIN = schema("t", PROPERTIES, key=["id"], mode="merge")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return parquet(tmp_path / "spool", PROPERTIES, [{"id": 1, "note": "x"}], MOMENTS[0])


def _expect_error(run: subprocess.CompletedProcess[str], exit_code: int, *said: str) -> None:
    """One log line with level ERROR that says so, no traceback, no STATE."""
    lines = [line for line in run.stderr.splitlines() if "| ERROR" in line]
    assert len(lines) == 1, run.stderr
    for words in said:
        assert words in lines[0]
    assert "Traceback" not in run.stderr
    assert (run.returncode, run.stdout) == (exit_code, "")


def test_file_in_use(warehouse: LoadedDuckDB, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_warehouse, "_WAIT_SECONDS", 0.5)
    warehouse.path.parent.mkdir()
    code = f"import duckdb; c = duckdb.connect({str(warehouse.path)!r}); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(WarehouseUnavailableError) as caught:
            warehouse.load(BEGIN, batch("t", file), STATE)
        holder.communicate(b"\n")
    assert str(caught.value).startswith(f"{warehouse.path} is open in ")
    assert f"(PID {holder.pid})" in str(caught.value)
    assert file.exists()


def test_file_in_use_for_a_moment_is_waited_for(warehouse: LoadedDuckDB, file: Path) -> None:
    warehouse.path.parent.mkdir()
    with duckdb.connect(warehouse.path):
        process = warehouse.start(BEGIN, batch("t", file), STATE)
        wait_until_read(process)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    assert warehouse.rows("t", ["id"]) == [(1,)]


def test_settings_are_missing(warehouse: LoadedDuckDB) -> None:
    run = subprocess.run([warehouse.command], input="", capture_output=True, text=True, check=False)
    _expect_error(run, EXIT_FINAL, "'path' is a required property", "'default_target_schema' is")


def test_schema_without_its_environment(warehouse: LoadedDuckDB) -> None:
    """As Meltano makes it of airflow_${ENVIRONMENT_SLUG} if that is not set."""
    warehouse.schema_name = "airflow_"
    with pytest.raises(
        TargetSettingsError, match=r"default_target_schema is airflow_, .*ENVIRONMENT_SLUG"
    ):
        warehouse.load(BEGIN, STATE)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (lambda folder: folder / "file" / "x.duckdb", "path: the folder .*/file cannot be made"),
        (lambda folder: folder, "path: .* is a folder"),
        (lambda folder: folder / "Airflow_Test.v2.db", "cannot hold a schema airflow_test"),
    ],
)
def test_path_that_cannot_be(tmp_path: Path, path: Callable[[Path], Path], expected: str) -> None:
    (tmp_path / "file").write_text("")
    file = path(tmp_path)
    warehouse = LoadedDuckDB(file.parent, file_name=file.name)
    with pytest.raises(TargetSettingsError, match=expected):
        warehouse.load(BEGIN, STATE)


def test_path_that_may_not_be_written(
    warehouse: LoadedDuckDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root, as whom tests may run, may write everywhere.
    for forbidden in (warehouse.path.parent, warehouse.path):
        forbidden.parent.mkdir(exist_ok=True)
        monkeypatch.setattr(duckdb_warehouse.os, "access", lambda path, _, no=forbidden: path != no)
        if forbidden == warehouse.path:
            duckdb.connect(forbidden).close()
        with pytest.raises(TargetSettingsError, match=f"path: {forbidden} may not be written"):
            warehouse.load(BEGIN, STATE)


def test_other_file_at_the_path(warehouse: LoadedDuckDB, file: Path) -> None:
    warehouse.path.parent.mkdir()
    warehouse.path.write_text("a,b\n" * 5000)
    with pytest.raises(WarehouseRefusedError, match=r"cannot be opened .* not a valid DuckDB"):
        warehouse.load(BEGIN, batch("t", file), STATE)
    assert warehouse.path.read_text() == "a,b\n" * 5000


def _run_with_small_disk(
    warehouse: LoadedDuckDB, *messages: str
) -> subprocess.CompletedProcess[str]:
    """Run the command with a limit on the size of a file, in place of a full disk."""
    config = warehouse.path.parent.with_name("config.json")
    config.write_text(json.dumps(warehouse.config))
    return subprocess.run(
        [warehouse.command, "--config", str(config)],
        input="\n".join(messages),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000)),
    )


ROWS = [{"id": number, "note": f"{number * 7919 % 100_003:x}" * 20} for number in range(40_000)]


def test_disk_is_full(warehouse: LoadedDuckDB, tmp_path: Path) -> None:
    file = parquet(tmp_path / "spool", PROPERTIES, ROWS, MOMENTS[0])
    run = _run_with_small_disk(warehouse, BEGIN, batch("t", file), STATE)
    _expect_error(run, EXIT_RETRYABLE, f"The disk of {warehouse.path} is full")
    assert file.exists()
    warehouse.load(BEGIN, batch("t", file), STATE)
    assert warehouse.query("select count(*) from t") == [(40_000,)]


def test_memory_that_is_no_size(warehouse: LoadedDuckDB) -> None:
    for limit in ("much", "4", "", "-1"):
        with pytest.raises(TargetSettingsError, match=f"memory_limit is '{limit}'; .* like 4GB"):
            warehouse.load(BEGIN, STATE, memory_limit=limit)


def test_memory_is_not_enough(warehouse: LoadedDuckDB, tmp_path: Path) -> None:
    file = parquet(tmp_path / "spool", PROPERTIES, ROWS, MOMENTS[0])
    with pytest.raises(WarehouseRefusedError, match="than 5MB: TARGET_DUCKDB_MEMORY_LIMIT"):
        warehouse.load(BEGIN, batch("t", file), STATE, memory_limit="5MB")
    assert file.exists()
    warehouse.load(BEGIN, batch("t", file), STATE)
    assert warehouse.query("select count(*) from t") == [(40_000,)]


def test_folder_for_what_does_not_fit_into_memory_is_full(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"set temp_directory = '{tmp_path}'; set memory_limit = '30MB'")
        connection.execute("set max_temp_directory_size = '1MB'; set threads = 1")
        sort = "select md5(range::varchar) as text from range(1000000) order by text"
        with pytest.raises(duckdb.OutOfMemoryException) as error:
            connection.execute(f"create table sorted as {sort}")
    file = tmp_path / "warehouse.duckdb"
    explained = DuckDBWarehouse(file, "airflow_test", "30MB").explain(error.value)
    assert type(explained) is DiskFullError
    assert f"{file}.tmp, is full. Make room there, or" in str(explained)
    assert "TARGET_DUCKDB_MEMORY_LIMIT" in str(explained)


class _FileThatExplainsNothing(DuckDBWarehouse):
    """Any warehouse that knows its own errors only."""

    def explain(self, error: BaseException) -> None:
        """Know none."""


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left"),
            DiskFullError,
            "or name another folder with TMPDIR",
        ),
        # Our own, when dlt says that one of its steps failed.
        (InputError("a text has the character NUL"), InputError, "a text has the character NUL"),
        (ValueError("a defect"), ValueError, "a defect"),
    ],
    ids=["disk", "own", "defect"],
)
def test_what_any_warehouse_explains(
    tmp_path: Path, error: Exception, kind: type[Exception], said: str
) -> None:
    def tables() -> Iterator[StreamBuffer]:
        msg = "a step failed"
        try:
            raise error
        except (OSError, LoadError) as cause:
            raise RuntimeError(msg) from cause
        yield

    warehouse = _FileThatExplainsNothing(tmp_path / "warehouse.duckdb", "airflow_test", "1GB")
    with pytest.raises(kind, match=said):
        load(warehouse, "airflow_test", tables())


def test_no_room_for_records(warehouse: LoadedDuckDB) -> None:
    generator = random.Random(1)
    rows = [record("t", {"id": n, "note": generator.randbytes(5_000).hex()}) for n in range(500)]
    run = _run_with_small_disk(warehouse, BEGIN, *rows, STATE)
    _expect_error(run, EXIT_RETRYABLE, "t: records cannot be kept in ", "TMPDIR")


def _other_columns(path: Path) -> str:
    pq.write_table(pa.table({"id": [1], "_sdc_extracted_at": [MOMENTS[0]], "more": [1]}), path)
    return "has a column more that the SCHEMA message lacks"


def _other_type(path: Path) -> str:
    pq.write_table(pa.table({"id": ["1"], "_sdc_extracted_at": [MOMENTS[0]]}), path)
    return "has string in column id, not int64"


def _no_moment(path: Path) -> str:
    pq.write_table(pa.table({"id": [1]}), path)
    return "lacks the column _sdc_extracted_at"


def _no_parquet(path: Path) -> str:
    path.write_text("{}")
    return "no readable Parquet"


def _cut_off(path: Path) -> str:
    path.write_bytes(path.read_bytes()[:-100])
    return "no readable Parquet"


def _missing(path: Path) -> str:
    path.unlink()
    return "does not exist. Tap and target have to see the same folders"


@pytest.mark.parametrize(
    "spoil", [_other_columns, _other_type, _no_moment, _no_parquet, _cut_off, _missing]
)
def test_batch_file_that_cannot_be_loaded(
    warehouse: LoadedDuckDB, file: Path, tmp_path: Path, spoil: Callable[[Path], str]
) -> None:
    good = parquet(tmp_path / "spool", PROPERTIES, [{"id": 2}], MOMENTS[0])
    expected = spoil(file)
    with pytest.raises(InputError, match=f"t: the file {file} .*{expected}") as caught:
        warehouse.load(BEGIN, batch("t", good, file), STATE)
    assert caught.value.exit_code == EXIT_FINAL
    assert good.exists()
    assert not warehouse.path.exists()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (batch("t", "s3://bucket/x.parquet"), r"only file:// URLs"),
        (batch("t", "file:///x.jsonl", file_format="jsonl"), "in jsonl; only Parquet"),
    ],
)
def test_batch_message_that_cannot_be_loaded(
    warehouse: LoadedDuckDB, message: str, expected: str
) -> None:
    with pytest.raises(InputError, match=expected):
        warehouse.load(BEGIN, message, STATE)


@pytest.mark.parametrize("mode", ["merge", "mirror", "append"])
def test_value_that_the_warehouse_refuses(
    warehouse: LoadedDuckDB, tmp_path: Path, mode: str
) -> None:
    """Found while loading only: the file's footer is fine. The table keeps its rows."""
    properties = {"id": INTEGER, "conf": JSON}
    begin = schema("t", properties, key=["id"], mode=mode)
    rows = [{"id": 1, "conf": {}}, {"id": 2, "conf": {}}]
    good = parquet(tmp_path / "spool", properties, rows, MOMENTS[0])
    warehouse.load(begin, batch("t", good), STATE)
    good = parquet(tmp_path / "spool", properties, rows[1:], MOMENTS[1])
    bad = tmp_path / "bad.parquet"
    pq.write_table(
        pa.table({"id": [1], "conf": ["{no json"], "_sdc_extracted_at": [MOMENTS[1]]}), bad
    )
    with pytest.raises(WarehouseRefusedError, match=r"table t: .*(?i:malformed json)"):
        warehouse.load(begin, batch("t", good, bad), STATE)
    assert warehouse.rows("t", ["id", "conf", "_sdc_extracted_at"]) == [
        (1, "{}", MOMENTS[0]),
        (2, "{}", MOMENTS[0]),
    ]
    assert good.exists()
    assert bad.exists()


def test_data_of_a_file_are_damaged(warehouse: LoadedDuckDB, file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4:200] = bytes(196)
    file.write_bytes(content)
    with pytest.raises(WarehouseRefusedError, match=r"table t: .*Invalid data"):
        warehouse.load(BEGIN, batch("t", file), STATE)


def test_input_is_no_singer(warehouse: LoadedDuckDB) -> None:
    run = warehouse.run(BEGIN, record("t", {"note": "no key"}))
    _expect_error(run, EXIT_FINAL, "missing one or more key_properties")
    assert not warehouse.path.exists()


def test_defect_shows_where_it_is(warehouse: LoadedDuckDB) -> None:
    """Only an error that nobody foresaw has a traceback, and exit code 1."""
    code = (
        "from warehouse_targets import target_duckdb, loader\n"
        "loader.load = lambda *_: 1 / 0\n"
        "target_duckdb.main()"
    )
    config = warehouse.path.with_name("config.json")
    config.parent.mkdir()
    config.write_text(json.dumps(warehouse.config))
    run = subprocess.run(
        [sys.executable, "-c", code, "--config", str(config)],
        input=f"{BEGIN}\n{STATE}",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in run.stderr
    assert "ZeroDivisionError" in run.stderr
    assert (run.returncode, run.stdout) == (1, "")


def test_exit_codes_tell_what_helps() -> None:
    assert LoadError.exit_code == EXIT_FINAL == 78
    assert WarehouseUnavailableError.exit_code == EXIT_RETRYABLE == 75
