"""What becomes of files on their way to Redshift."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.load.singer import MOMENTS, NUMBER, TEXT, parquet
from warehouse_targets.errors import InputError
from warehouse_targets.parquet_file import ParquetFile
from warehouse_targets.redshift_files import FittedRows
from warehouse_targets.stream_buffer import StreamBuffer
from warehouse_targets.warehouse import TableToLoad

PROPERTIES = {"id": TEXT, "note": TEXT, "n": NUMBER}
MOST = 65535


def _table(properties: Mapping[str, Any] = PROPERTIES) -> TableToLoad:
    buffer = StreamBuffer("t")
    buffer.describe({"properties": dict(properties), "x-mode": "merge"}, ["id"])
    return TableToLoad("t", "merge", ("id",), buffer.columns, [], Path())


def _file(folder: Path, *rows: dict[str, Any], properties: Any = PROPERTIES) -> ParquetFile:
    return ParquetFile(parquet(folder / "spool", properties, rows, MOMENTS[0]), len(rows))


def _fitted(table: TableToLoad, folder: Path, *files: ParquetFile) -> pa.Table:
    fitted = FittedRows(table)
    saved = [fitted.save(file, folder / f"{n}.parquet") for n, file in enumerate(files)]
    fitted.warn_of_cut_texts()
    return pa.concat_tables(pq.read_table(file.path) for file in saved)


@pytest.mark.parametrize("character", ["x", "ä", "日", "🦆"])
@pytest.mark.parametrize("before", ["", "x", "xx", "xxx"])
def test_a_long_text_is_cut_between_characters(tmp_path: Path, character: str, before: str) -> None:
    size = len(character.encode())
    text = before + character * (102_400 // size)
    length = len(text.encode())
    file = _file(tmp_path, {"id": "1", "note": text})
    [cut] = _fitted(_table(), tmp_path, file)["note"].to_pylist()
    kept, note = cut[: cut.index(" … ")], cut[cut.index(" … ") :]
    assert note == f" … [cut by target-redshift: {length} bytes]"
    assert text.startswith(kept)
    # Not a character less than there is room for.
    assert MOST - size < len(cut.encode()) <= MOST


def test_a_text_that_just_fits_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    texts = ["x" * MOST, "ä" * (MOST // 2), None, ""]
    rows = [{"id": str(number), "note": text} for number, text in enumerate(texts)]
    assert _fitted(_table(), tmp_path, _file(tmp_path, *rows))["note"].to_pylist() == texts
    assert caplog.records == []


def test_a_warning_counts_the_cut_texts_of_each_column(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    properties = PROPERTIES | {"other": TEXT}
    rows = [{"id": str(number), "note": "x" * (MOST + number % 2)} for number in range(5)]
    files = [
        _file(tmp_path, *rows, properties=properties),
        _file(
            tmp_path,
            {"id": "9", "note": "y" * 70_000, "other": "z" * 66_000},
            properties=properties,
        ),
    ]
    _fitted(_table(properties), tmp_path, *files)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage().partition(",")[0] for record in warnings] == [
        "t.note: 3 texts longer than 65535 bytes",
        "t.other: 1 texts longer than 65535 bytes",
    ]


def test_a_long_text_in_a_key_is_an_error(tmp_path: Path) -> None:
    file = _file(tmp_path, {"id": "x" * (MOST + 1)})
    with pytest.raises(InputError, match=r"t\.id: a text of this key column is longer than 65535"):
        _fitted(_table(), tmp_path, file)


def test_a_text_with_nul_is_an_error(tmp_path: Path) -> None:
    file = _file(tmp_path, {"id": "1", "note": "a\0b"})
    with pytest.raises(InputError, match=r"t\.note: a text has the character NUL"):
        _fitted(_table(), tmp_path, file)


def test_columns_stand_in_the_order_of_the_table(tmp_path: Path) -> None:
    table = _table({"n": NUMBER, "id": TEXT, "note": TEXT})
    file = _file(tmp_path, {"id": "1", "n": 0.5}, properties={"id": TEXT, "n": NUMBER})
    rows = _fitted(table, tmp_path, file)
    assert rows.column_names == ["n", "id", "note", "_sdc_extracted_at", "_sdc_deleted_at"]
    assert rows.to_pylist()[0] == {
        "n": 0.5,
        "id": "1",
        "note": None,
        "_sdc_extracted_at": MOMENTS[0],
        "_sdc_deleted_at": None,
    }


def test_a_time_of_day_becomes_text(tmp_path: Path) -> None:
    path = tmp_path / "times.parquet"
    moments = pa.array([MOMENTS[0]], pa.timestamp("us", "UTC"))
    times = pa.array([3_600_000_001], pa.time64("us"))
    pq.write_table(pa.table({"at": times, "_sdc_extracted_at": moments}), path)
    columns = _table({"id": TEXT, "at": TEXT}).columns
    fitted = FittedRows(replace(_table(), columns=columns))
    [rows] = fitted.read(ParquetFile(path, 1))
    assert rows["at"].to_pylist() == ["01:00:00.000001"]


def test_row_groups_pass_one_by_one_in_a_documented_compression(tmp_path: Path) -> None:
    path = tmp_path / "groups.parquet"
    source = _file(tmp_path, *({"id": str(number)} for number in range(100)))
    pq.write_table(pq.read_table(source.path), path, row_group_size=30, compression="zstd")
    table = _table()
    saved = FittedRows(table).save(ParquetFile(path, 100), tmp_path / "s.parquet")
    metadata = pq.read_metadata(saved.path)
    assert [metadata.row_group(index).num_rows for index in range(4)] == [30, 30, 30, 10]
    assert metadata.row_group(0).column(0).compression == "SNAPPY"
    assert saved.row_count == 100


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_only_insert_refuses_what_is_no_number(tmp_path: Path, value: float) -> None:
    file = _file(tmp_path, {"id": "1", "n": 1.0}, {"id": "2", "n": value}, {"id": "3"})
    table = _table()
    assert list(FittedRows(table).read(file))
    with pytest.raises(InputError, match=r"t\.n: NaN or infinity .* Set s3_staging_url"):
        list(FittedRows(table, only_finite=True).read(file))


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    file = _file(tmp_path, {"id": "1", "note": "x"})
    content = bytearray(file.path.read_bytes())
    content[4:200] = bytes(196)
    file.path.write_bytes(content)
    with pytest.raises(InputError, match=f"t: the file {file.path} is damaged"):
        _fitted(_table(), tmp_path, file)
