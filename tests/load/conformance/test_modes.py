"""merge, mirror and append, deletion marks, and tables without rows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.load.loaded_warehouse import SCHEMA_NAME, LoadedWarehouse
from tests.load.singer import (
    INTEGER,
    JSON,
    MOMENTS,
    STATE,
    TEXT,
    Row,
    batch,
    parquet,
    record,
    schema,
    whole,
)
from warehouse_targets.errors import IncompleteInputError, InputError

PROPERTIES = {"dag": TEXT, "run": INTEGER, "state": TEXT}
KEY = ("dag", "run")


def _rows(*states: str) -> list[Row]:
    """Rows with the keys ("a", 0), ("a", 1) …; a state "-" leaves the row out."""
    return [
        {"dag": "a", "run": number, "state": state}
        for number, state in enumerate(states)
        if state != "-"
    ]


class Source:
    """Sends one table in one mode, one sync after the other."""

    def __init__(self, warehouse: LoadedWarehouse, folder: Path, mode: str) -> None:
        self.warehouse, self.folder, self.mode = warehouse, folder, mode

    def messages(self, moment: datetime, *rows: Row, is_whole: bool = False) -> list[str]:
        file = parquet(self.folder / str(moment.day), PROPERTIES, rows, moment)
        messages = [schema("runs", PROPERTIES, key=KEY, mode=self.mode), batch("runs", file)]
        return [*messages, *([whole("runs", moment)] if is_whole else []), STATE]

    def sync(self, moment: datetime, *rows: Row, is_whole: bool = False) -> None:
        self.warehouse.load(*self.messages(moment, *rows, is_whole=is_whole))

    @property
    def rows(self) -> list[tuple[object, ...]]:
        columns = ["run", "state", "_sdc_extracted_at", "_sdc_deleted_at"]
        return self.warehouse.rows("runs", columns)


@pytest.fixture
def merge(warehouse: LoadedWarehouse, tmp_path: Path) -> Source:
    return Source(warehouse, tmp_path / "spool", "merge")


@pytest.fixture
def mirror(warehouse: LoadedWarehouse, tmp_path: Path) -> Source:
    return Source(warehouse, tmp_path / "spool", "mirror")


@pytest.fixture
def append(warehouse: LoadedWarehouse, tmp_path: Path) -> Source:
    return Source(warehouse, tmp_path / "spool", "append")


def test_merge_keeps_one_row_per_key(merge: Source) -> None:
    merge.sync(MOMENTS[0], *_rows("queued", "success"))
    merge.sync(MOMENTS[1], *_rows("success", "-", "queued"))
    assert merge.rows == [
        (0, "success", MOMENTS[1], None),
        (1, "success", MOMENTS[0], None),
        (2, "queued", MOMENTS[1], None),
    ]


def test_merge_marks_what_a_whole_table_lacks_until_it_returns(merge: Source) -> None:
    merge.sync(MOMENTS[0], *_rows("x", "x", "x"), is_whole=True)
    merge.sync(MOMENTS[1], *_rows("-", "x"), is_whole=True)
    marked = [(0, "x", MOMENTS[0], MOMENTS[1]), (1, "x", MOMENTS[1], None)]
    assert merge.rows == [*marked, (2, "x", MOMENTS[0], MOMENTS[1])]
    merge.sync(MOMENTS[2], *_rows("-", "-", "y"))
    assert merge.rows == [*marked, (2, "y", MOMENTS[2], None)]
    # A row that is gone keeps the moment it was first missed.
    merge.sync(MOMENTS[3], *_rows("-", "x", "y"), is_whole=True)
    assert merge.rows[0] == (0, "x", MOMENTS[0], MOMENTS[1])


def test_merge_marks_all_rows_of_a_table_that_is_empty_now(merge: Source) -> None:
    merge.sync(MOMENTS[0], *_rows("x", "x"), is_whole=True)
    merge.warehouse.load(
        schema("runs", PROPERTIES, key=KEY, mode="merge"), whole("runs", MOMENTS[1]), STATE
    )
    assert merge.rows == [(0, "x", MOMENTS[0], MOMENTS[1]), (1, "x", MOMENTS[0], MOMENTS[1])]


def test_merge_by_a_part_of_the_key_only_is_no_match(
    warehouse: LoadedWarehouse, tmp_path: Path
) -> None:
    begin = schema("runs", PROPERTIES, key=KEY, mode="merge")
    keys = [("a", 1), ("a", 2), ("b", 1)]
    for dag, run in keys:
        row = {"dag": dag, "run": run, "state": dag}
        file = parquet(tmp_path / "spool", PROPERTIES, [row], MOMENTS[0])
        warehouse.load(begin, batch("runs", file), STATE)
    assert warehouse.rows("runs", KEY) == keys


def test_table_whose_columns_are_all_key(warehouse: LoadedWarehouse, tmp_path: Path) -> None:
    properties = {"dag": TEXT, "tag": TEXT}
    begin = schema("tags", properties, key=list(properties), mode="merge")
    row = {"dag": "a", "tag": "t"}
    for moment in MOMENTS[:2]:
        file = parquet(tmp_path / "spool", properties, [row], moment)
        warehouse.load(begin, batch("tags", file), whole("tags", moment), STATE)
    assert warehouse.rows("tags") == [("a", "t", MOMENTS[1], None)]


def test_mirror_holds_what_was_sent(mirror: Source) -> None:
    mirror.sync(MOMENTS[0], *_rows("x", "x", "x"), is_whole=True)
    mirror.sync(MOMENTS[1], *_rows("-", "y"), is_whole=True)
    assert mirror.rows == [(1, "y", MOMENTS[1], None)]


def test_mirror_has_no_deletion_marks(mirror: Source) -> None:
    early = mirror.messages(MOMENTS[0], *_rows("x"))
    mirror.warehouse.load(*early[:-1], whole("runs", MOMENTS[1]), STATE)
    assert mirror.rows == [(0, "x", MOMENTS[0], None)]


def test_mirror_without_rows_is_emptied(mirror: Source) -> None:
    mirror.sync(MOMENTS[0], *_rows("x"), is_whole=True)
    mirror.warehouse.load(schema("runs", PROPERTIES, key=KEY, mode="mirror"), STATE)
    assert mirror.rows == []


def test_append_keeps_every_version(append: Source) -> None:
    append.sync(MOMENTS[0], *_rows("queued", "success"))
    append.sync(MOMENTS[1], *_rows("success"))
    assert append.rows == [
        (0, "queued", MOMENTS[0], None),
        (0, "success", MOMENTS[1], None),
        (1, "success", MOMENTS[0], None),
    ]


def test_append_of_the_same_sync_again_changes_nothing(append: Source) -> None:
    for _ in range(2):
        append.sync(MOMENTS[0], *_rows("queued", "success"))
    assert append.rows == [(0, "queued", MOMENTS[0], None), (1, "success", MOMENTS[0], None)]


def test_append_marks_every_version_of_a_key_that_is_gone(append: Source) -> None:
    append.sync(MOMENTS[0], *_rows("queued", "queued"), is_whole=True)
    append.sync(MOMENTS[1], *_rows("success", "-"))
    append.sync(MOMENTS[2], *_rows("-", "success"), is_whole=True)
    assert append.rows == [
        (0, "queued", MOMENTS[0], MOMENTS[2]),
        (0, "success", MOMENTS[1], MOMENTS[2]),
        (1, "queued", MOMENTS[0], None),
        (1, "success", MOMENTS[2], None),
    ]


def test_records_without_key_are_all_kept(warehouse: LoadedWarehouse) -> None:
    row = record("events", {"id": 1})
    same = [schema("events", {"id": INTEGER}), row, row]
    warehouse.load(*same)
    warehouse.load(*same)
    assert warehouse.rows("events", ["id"]) == [(1,)] * 4


@pytest.mark.parametrize("mode", ["mirror", "append"])
def test_other_modes_keep_records_with_the_same_key(warehouse: LoadedWarehouse, mode: str) -> None:
    rows = [record("runs", {"dag": "a", "run": 1, "state": state}) for state in ("x", "y")]
    warehouse.load(schema("runs", PROPERTIES, key=KEY, mode=mode), *rows, STATE)
    assert warehouse.rows("runs", ["state"]) == [("x",), ("y",)]


def test_of_records_with_the_same_key_the_newest_wins(warehouse: LoadedWarehouse) -> None:
    """Also if they are far apart, and with null in the key."""
    rows = [
        {"dag": f"d{number % 7}" if number % 7 else None, "run": 1, "state": str(number)}
        for number in range(100)
    ]
    warehouse.load(
        schema("runs", PROPERTIES, key=KEY),
        *(record("runs", row) for row in rows),
        batch_size_rows=9,
    )
    expected = {row["dag"]: row["state"] for row in rows}
    assert dict(warehouse.rows("runs", ["dag", "state"])) == expected
    assert warehouse.query("select count(*) from runs") == [(7,)]


@pytest.mark.parametrize("mode", ["merge", "mirror", "append"])
def test_table_without_rows_is_made(warehouse: LoadedWarehouse, tmp_path: Path, mode: str) -> None:
    empty = parquet(tmp_path / "spool", PROPERTIES, [], MOMENTS[0])
    warehouse.load(
        schema("only_schema", PROPERTIES, key=KEY, mode=mode),
        schema("empty_file", PROPERTIES, key=KEY, mode=mode),
        batch("empty_file", empty),
        STATE,
    )
    expected = [
        ("dag", "text"),
        ("run", "bigint"),
        ("state", "text"),
        ("_sdc_extracted_at", "timestamp"),
        ("_sdc_deleted_at", "timestamp"),
    ]
    for table in ("only_schema", "empty_file"):
        assert warehouse.columns(table) == expected
        assert warehouse.rows(table) == []


def test_many_tables_leave_nothing_else_behind(warehouse: LoadedWarehouse, tmp_path: Path) -> None:
    messages = []
    for number in range(12):
        name = f"t{number}"
        messages.append(
            schema(name, PROPERTIES, key=KEY, mode=["merge", "mirror", "append"][number % 3])
        )
        if number % 2:
            file = parquet(tmp_path / "spool", PROPERTIES, _rows("x"), MOMENTS[0])
            messages.append(batch(name, file))
    told = {"sync": TEXT, "table_name": TEXT}
    manifest = parquet(tmp_path / "spool", told, [{"sync": "a", "table_name": "t1"}], MOMENTS[0])
    messages += [schema("_sync_manifest", told, key=list(told), mode="merge")]
    messages += [batch("_sync_manifest", manifest), STATE]
    warehouse.load(*messages)
    names = sorted(["_sync_manifest", *(f"t{number}" for number in range(12))])
    assert warehouse.tables() == [(SCHEMA_NAME, name) for name in names]
    assert warehouse.traces() == []
    assert not (tmp_path / "spool").exists()


def test_leftovers_of_a_killed_load_do_no_harm(merge: Source) -> None:
    merge.sync(MOMENTS[0], *_rows("x"))
    warehouse = merge.warehouse
    leftover = warehouse.quoted(warehouse.leftover_schema)
    warehouse.query(f"create schema {leftover}")
    warehouse.query(f"create table {leftover}.{warehouse.quoted('runs')} (run date, state date)")
    merge.sync(MOMENTS[1], *_rows("y"))
    assert merge.rows == [(0, "y", MOMENTS[1], None)]
    assert warehouse.tables() == [(SCHEMA_NAME, "runs")]
    assert warehouse.traces() == []


def test_environments_share_a_warehouse(warehouse: LoadedWarehouse, tmp_path: Path) -> None:
    """Also with the names that staging schemas of loaders usually have."""
    names = ["airflow_prod_staging", "airflow_prod", "airflow_eu"]
    if warehouse.takes_hyphens:
        names.append("airflow-qwe123")
    for day, name in enumerate(names):
        other = Source(warehouse.with_schema(name), tmp_path / "spool", "merge")
        other.sync(MOMENTS[day], *_rows(name))
    for day, name in enumerate(names):
        found = warehouse.with_schema(name).rows("runs", ["state", "_sdc_extracted_at"])
        assert found == [(name, MOMENTS[day])]
    assert warehouse.tables() == sorted((name, "runs") for name in names)


def test_sync_that_was_cut_off_changes_nothing(mirror: Source) -> None:
    """The tap may have died in the middle of a table, which a mirror must not show."""
    mirror.sync(MOMENTS[0], *_rows("x", "x"), is_whole=True)
    before = mirror.rows
    cut_off = mirror.messages(MOMENTS[1], *_rows("y"))[:-1]
    with pytest.raises(IncompleteInputError, match="without a STATE message"):
        mirror.warehouse.load(*cut_off)
    assert mirror.rows == before


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (schema("runs", PROPERTIES, key=KEY, mode="upsert"), "x-mode 'upsert' is none of merge"),
        (schema("runs", PROPERTIES, mode="merge"), "x-mode merge needs key_properties"),
        (schema("runs", PROPERTIES, key=["id"]), "the key column id is not in the SCHEMA"),
        (schema("runs", {"id": INTEGER, "d": JSON}, key=["id"]), "rows with a JSON column of this"),
    ],
)
def test_schema_that_contradicts_itself(
    warehouse: LoadedWarehouse, message: str, expected: str
) -> None:
    with pytest.raises(InputError, match=rf"runs(\.d)?: {expected}"):
        warehouse.load(message, STATE)


def test_table_names_have_letters_digits_and_underscores_only(warehouse: LoadedWarehouse) -> None:
    streams = ["test:Special!in?names", "db-schema-my.table", "läuft 1"]
    messages = [
        message
        for stream in streams
        for message in (schema(stream, PROPERTIES, key=KEY), record(stream, _rows("x")[0]))
    ]
    warehouse.load(*messages)
    names = [warehouse.plain_name("läuft_1"), "my_table", "test_Special_in_names"]
    # Redshift knows lower case only.
    kept = [name.lower() for _, name in warehouse.tables()]
    assert sorted(kept) == sorted(name.lower() for name in names)
    assert all(warehouse.rows(name, ["state"]) == [("x",)] for name in names)


def test_two_streams_of_one_table(warehouse: LoadedWarehouse) -> None:
    messages = [schema(stream, PROPERTIES, key=KEY) for stream in ("public-runs", "old-runs")]
    with pytest.raises(InputError, match="public-runs and old-runs are both for the table runs"):
        warehouse.load(*messages)
