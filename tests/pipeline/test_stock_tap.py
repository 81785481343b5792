"""The stock tap-postgres, with the selection generated from the catalogue, sends the same rows."""

from __future__ import annotations

import datetime as dt
import json
import subprocess

import pytest

from tap_airflow_metadata.catalogue import load_catalogue
from tests.extract.tap_runs import sync_here
from tests.pipeline.meltano_runs import MELTANO, ROOT
from tests.real_airflow.postgres import execute

DEFAULT = {table.name: table for table in load_catalogue().values() if table.read == "default"}


def stock_records(pipe):
    done = subprocess.run(
        [MELTANO, "invoke", "tap-postgres"],
        cwd=ROOT,
        env=pipe.environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    records = {}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            table = message["stream"].removeprefix("public-")
            records.setdefault(table, []).append(message["record"])
    return records


def comparable(table, column, value):
    """A value without what the stock tap does in its own way."""
    kind = table.columns[column].type
    if value is not None and kind == "timestamp":
        moment = dt.datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)
    if kind == "number" and value is not None:
        return float(value)
    return str(value) if kind in {"text", "uuid"} and value is not None else value


@pytest.mark.parametrize("version", ["2.11.0", "3.3.2"])
def test_both_taps_send_the_same_rows(version, filled_database, postgres, pipeline, tmp_path):
    url = filled_database(version)
    [name] = execute(url, "select current_database()").fetchone()
    stock = stock_records(pipeline(postgres.tcp_url(name)))
    ours = sync_here(tmp_path, database_url=url, records=True)
    compared = 0
    for table in DEFAULT.values():
        if not table.exists_in(version):
            assert table.name not in stock
            continue
        columns = [
            column.name
            for column in table.raw_columns()
            if column.exists_in(version)
            and column.personal != "identity"
            and not column.shows_name
            and column.clean not in {"host", "log_extra", "presence", "verdict"}
        ]
        assert {column for row in stock[table.name] for column in row} == set(columns), table.name
        rows = [
            sorted(
                repr([comparable(table, column, row[column]) for column in columns])
                for row in records
            )
            for records in (stock[table.name], ours.rows(table.name))
        ]
        assert rows[0] == rows[1], table.name
        compared += len(rows[0])
    assert compared > 500
