"""What a published loader sends for the user's stage, and the stand-in has to know for it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from snowflake.connector import ProgrammingError
from snowflake.connector.cursor import SnowflakeCursor

from tests.load.loaded_snowflake import LoadedSnowflake

pytestmark = pytest.mark.stand_in
FORMAT = 'ours."tf-t-1"'
CHOSEN = "$1:id::number(38,0) as id, $1:note::varchar as note, $1:moment::timestamp_tz as moment"
MERGE = f"""
merge into ours.t as d using (
    select {CHOSEN} from '@~/folder/one'(file_format => {FORMAT})
    qualify row_number() over (partition by id order by seq8() desc) = 1
) as s on d.id = s.id
when matched then update set d.note = s.note, d.moment = s.moment
when not matched then insert (id, note, moment) values (s.id, s.note, s.moment)
"""
COPY = f"""
copy into ours.t (id, note, moment) from (select {CHOSEN} from '@~/folder/one')
file_format = (format_name = '{FORMAT}')
"""
TIME = "2026-01-01T00:00:00.000001+00:00"


@pytest.fixture
def session(snowflake_warehouse: LoadedSnowflake) -> Iterator[SnowflakeCursor]:
    """A session without a current schema, as a loader's that found its schema made."""
    database = snowflake_warehouse.database
    with snowflake_warehouse.stand_in.connected(database) as cursor:
        cursor.execute("create schema ours")
        cursor.execute("create table ours.t (id number(38,0), note varchar, moment timestamp_tz)")
        cursor.execute(f"create file format {FORMAT} type = 'JSON' compression = 'AUTO'")
    with snowflake_warehouse.stand_in.connected(database) as cursor:
        yield cursor


def _put(session: SnowflakeCursor, folder: Path, *rows: dict[str, object]) -> None:
    file = folder / "rows.json.gz"
    with gzip.open(file, "wt") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
    session.execute(f"put 'file://{file}' '@~/folder/one'")


def _rows(session: SnowflakeCursor) -> list[tuple[object, ...]]:
    return session.execute(
        "select id, note, date_part(epoch_microsecond, moment) from ours.t order by id, note"
    ).fetchall()


def test_the_last_of_each_key_is_merged(session: SnowflakeCursor, tmp_path: Path) -> None:
    _put(
        session,
        tmp_path,
        {"id": 1, "note": "a", "moment": TIME},
        {"id": 1, "note": "b", "moment": None},
    )
    session.execute(MERGE)
    assert _rows(session) == [(1, "b", None)]
    session.execute("remove '@~/folder/one/'")
    _put(
        session,
        tmp_path,
        {"id": 1, "note": None, "moment": TIME},
        {"id": 2, "note": "ü", "moment": TIME},
    )
    assert session.execute(MERGE).fetchall() == [(2,)]
    assert _rows(session) == [(1, None, 1767225600000001), (2, "ü", 1767225600000001)]


def test_rows_are_copied(session: SnowflakeCursor, tmp_path: Path) -> None:
    _put(
        session,
        tmp_path,
        {"id": 1, "note": "a", "moment": TIME},
        {"id": 1, "note": "b", "moment": None},
    )
    [told] = session.execute(COPY).fetchall()
    assert told[1:4] == ("LOADED", 2, 2)
    assert _rows(session) == [(1, "a", 1767225600000001), (1, "b", None)]


def test_nothing_is_read_of_what_was_removed(session: SnowflakeCursor, tmp_path: Path) -> None:
    _put(session, tmp_path, {"id": 1, "note": "a", "moment": TIME})
    assert session.execute("remove '@~/folder/one/'").fetchall() == [("rows.json.gz", "removed")]
    with pytest.raises(ProgrammingError):
        session.execute(MERGE)
    assert _rows(session) == []


def test_a_file_format_is_dropped(session: SnowflakeCursor) -> None:
    session.execute(f"drop file format if exists {FORMAT}")
    session.execute(f"create file format {FORMAT} type = 'JSON'")
    with pytest.raises(ProgrammingError, match="already exists"):
        session.execute(f"create file format {FORMAT} type = 'JSON'")
