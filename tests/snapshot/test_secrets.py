"""`take --exclude-secrets`: what the catalogue reads stays, and nothing else."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from airflow_snapshot.airflow_facts import cleaned_columns
from airflow_snapshot.database import connected, parse_address
from airflow_snapshot.errors import DatabaseError, RefusedError
from airflow_snapshot.secrets import empty_secrets
from tap_airflow_metadata.catalogue import load_catalogue
from tests.real_airflow import captured
from tests.real_airflow.postgres import execute
from tests.snapshot.conftest import change, tables_of
from tests.snapshot.texts import with_text

CANARY = "canary-7f3a"
# Fits into the shortest column, and is part of nothing that is generated.
MARK = "qz"

# What clean-ups, Celery and providers leave, by the name of the table.
LEFT = {
    "celery_taskmeta": "select 1 as id, '{0}'::text as traceback, '{0}'::bytea as result",
    "celery_tasksetmeta": "select 1 as id, '{0}'::bytea as result",
}
LEFT_BEFORE_3_4 = {
    "_airflow_deleted__xcom__20260301120000": "select * from xcom",
    "_airflow_moved__2_2__dangling__rendered_task_instance_fields": (
        "select * from rendered_task_instance_fields"
    ),
}
LEFT_SINCE_3_4 = {
    f"_airflow_deleted__{table}__20261120120000": f"select * from {table}"
    for table in ("xcom_v1", "xcom_v2", "rtif_v1", "rtif_v2", "dynamic_region")
}
# Of a newer Airflow 3.
LEFT_OF_3 = {
    "rtif_v3": "select id, to_json('{0}'::text) as rendered_fields from task_instance",
    "xcom_v3": "select id as task_instance_id, to_jsonb('{0}'::text) as value from task_instance",
}
_REFERS = (
    "alter table xcom_v3 add primary key (task_instance_id),"
    " add foreign key (task_instance_id) references task_instance (id) on delete cascade"
)
_NEW_COLUMNS = (
    (
        "alter table log add place_name varchar(50), add region_id uuid, add working_set boolean,"
        " add words text[] not null default '{{}}', add told jsonb not null default '{{}}',"
        " add place_again text generated always as (place_name || '!') stored"
    ),
    (
        "update log set place_name = '{0}', words = array['{0}'], told = to_jsonb('{0}'::text),"
        " region_id = gen_random_uuid(), working_set = true"
    ),
)
EMPTIED_OF_LOG = ["place_name", "words", "told"]
# Known, and nothing but secrets.
SECRET_TABLES = {"connection_test_request", "revoked_token"}


def leave(url: str, text: str) -> set[str]:
    """Make unknown tables and columns that hold a text; give the names of the tables."""
    tables = tables_of(url)
    left = LEFT | (LEFT_SINCE_3_4 if "xcom_v2" in tables else LEFT_BEFORE_3_4)
    if "dag_version" in tables:
        left |= LEFT_OF_3
    revision = "select '9d34dfc2de06'::varchar(32) as version_num"
    with psycopg.connect(url) as connection:
        for name, rows in (left | {"alembic_version_edge3": revision}).items():
            connection.execute(f'create table "{name}" as {rows.format(text)}')
        for statement in _NEW_COLUMNS:
            connection.execute(statement.format(text))
        if "xcom_v3" in left:
            connection.execute(_REFERS)
    return set(left)


@pytest.mark.parametrize("version", captured.versions())
def test_what_the_catalogue_reads_stays_and_nothing_else(version, filled_database):
    schema = captured.load(version)
    marks = {
        name: {
            column: MARK
            for column, declaration in table.columns.items()
            if declaration.startswith(("character varying", "text", "json", "bytea"))
        }
        for name, table in schema.tables.items()
    }
    url = filled_database(version, 5, markers=marks)
    tables = leave(url, MARK)
    with psycopg.connect(url, autocommit=True) as connection:
        there = with_text(connection, MARK)
        emptied = empty_secrets(connection, "public", cleaned_columns())
        # What is left of these is not told by a mark.
        cleaned = {(table, name) for table, names in cleaned_columns().items() for name in names}
        assert with_text(connection, MARK) - cleaned == there & _readable() - cleaned
        changed = "select count(*) from log where region_id is null or not working_set"
        assert connection.execute(changed).fetchone() == (0,)
        assert connection.execute("table alembic_version_edge3").fetchall()
        # What Airflow cannot be without.
        [(config,)] = connection.execute("select distinct executor_config from task_instance")
        assert pickle.loads(config) == {}  # noqa: S301
        [(arguments,)] = connection.execute("select distinct kwargs::text from trigger")
        assert json.loads(arguments) == {"__type": "dict", "__var": {}}
    assert set(emptied.tables) == tables | (SECRET_TABLES & schema.tables.keys())
    assert set(emptied.unknown) == tables | {f"log.{name}" for name in EMPTIED_OF_LOG}


def _readable() -> set[tuple[str, str]]:
    """What the catalogue lets be read, and the DAGs, without which no Airflow starts."""
    return {
        (table.name, column.name)
        for table in load_catalogue().values()
        for column in table.columns.values()
        if table.name not in SECRET_TABLES
        and (column.access == "read" or table.name in {"dag_code", "serialized_dag"})
        # Airflow could not read a verdict in place of the choices, nor log in as `set`.
        and column.clean not in {"presence", "verdict"}
    }


def test_without_secrets(snapshots, each_source, postgres, new_name):
    with psycopg.connect(each_source) as connection:
        connection.execute("update connection set password = %s, extra = %s", (CANARY, CANARY))
        connection.execute("update variable set val = %s", (CANARY,))
        connection.execute("update ab_user set password = %s", (CANARY,))
        connection.execute("update task_instance set executor_config = %s", (CANARY.encode(),))
        as_json = "jsonb_build_object('a', %s::text)"
        if "dag_version" not in tables_of(each_source):
            as_json = "convert_to(%s, 'utf8')"
        connection.execute(f"update xcom set value = {as_json}", (CANARY,))
        connection.execute(f"update dag_run set conf = {as_json}", (CANARY,))
        rendered = "update rendered_task_instance_fields set rendered_fields = to_json(%s::text)"
        connection.execute(rendered, (CANARY,))
        filled = ("connection", "variable", "xcom", "rendered_task_instance_fields", "ab_user")
        for table in filled:
            [(rows,)] = connection.execute(f"select count(*) from {table}").fetchall()
            assert rows > 0, table
    unknown = leave(each_source, CANARY)
    # The demo has leftovers of its own.
    unknown |= {name for name in tables_of(each_source) if name.startswith("_")}
    printed = snapshots.run("take", "--exclude-secrets", AIRFLOW_SNAPSHOT_SOURCE=each_source)
    name = printed.splitlines()[0]
    told = f"{', '.join(sorted(unknown))}, log.place_name, log.words, log.told"
    assert f"Emptied, because this release does not know it: {told}\n" in printed
    printed += snapshots.run("verify", name)
    assert "PASS" in printed
    assert "without secrets" in snapshots.run("list")
    shown = snapshots.run("inspect", name)
    assert f"not known to the release that took it: {told}\n" in shown
    for table in unknown:
        assert f"  {0:>11,} {table}  (emptied)\n" in shown
    assert " log  (emptied: place_name, words, told; cleaned: extra)\n" in shown
    assert " connection  (emptied: description, login, password, extra; cleaned: host)\n" in shown
    assert CANARY not in printed + shown
    assert CANARY not in (Path(snapshots.location) / f"{name}.json").read_text()
    snapshots.run("restore", name, "--into", postgres.url(new_name))
    with (
        psycopg.connect(postgres.url(new_name)) as restored,
        psycopg.connect(each_source) as original,
    ):
        assert with_text(original, CANARY)
        assert with_text(restored, CANARY) == set()
        for table in tables_of(each_source):
            count = f"select count(*) from {table}"
            kept, there = restored.execute(count).fetchone(), original.execute(count).fetchone()
            assert kept == ((0,) if table in unknown | SECRET_TABLES else there), table
        hosts = "select conn_id, host from connection order by 1"
        assert restored.execute(hosts).fetchall() == original.execute(hosts).fetchall()


@pytest.fixture
def small(postgres, new_name) -> Iterator[psycopg.Connection]:
    """A connection to an empty database, to make some tables in."""
    with psycopg.connect(postgres.create_database(new_name), autocommit=True) as connection:
        yield connection


def test_an_unknown_table_that_a_known_one_refers_to_keeps_its_rows_without_texts(small):
    small.execute("create table place (id int primary key, address text not null)")
    small.execute(
        "create table machine (id int primary key, key text,"
        " place_id int not null references place on delete cascade)"
    )
    small.execute(
        "create table job (id int primary key, hostname text,"
        " machine_id int not null references machine on delete cascade)"
    )
    small.execute("insert into place values (1, 'here')")
    small.execute("insert into machine values (2, 'hidden', 1)")
    small.execute("insert into job values (3, 'host', 2)")
    emptied = empty_secrets(small, "public", {})
    assert small.execute("table place").fetchall() == [(1, "")]
    assert small.execute("table machine").fetchall() == [(2, None, 1)]
    assert small.execute("table job").fetchall() == [(3, "host", 2)]
    assert emptied.tables == []
    assert emptied.unknown == ["machine.key", "place.address"]


def test_a_known_table_may_have_partitions_and_a_trigger_that_keeps_what_was(small):
    small.execute(
        "create table variable (id int primary key, key text, val text) partition by list (id)"
    )
    small.execute("create table variable_1 partition of variable for values in (1)")
    small.execute("create table variable_was (val text)")
    small.execute("create table job (id int primary key references variable)")
    small.execute(
        "create function note() returns trigger language plpgsql as"
        " $$ begin insert into variable_was values (old.val); return new; end $$"
    )
    small.execute(
        "create trigger note before update on variable for each row execute function note()"
    )
    small.execute("insert into variable values (1, 'name', 'hidden')")
    emptied = empty_secrets(small, "public", {})
    assert small.execute("table variable").fetchall() == [(1, "name", None)]
    assert small.execute("table variable_was").fetchall() == []
    assert emptied.tables == ["variable_was"]
    assert emptied.columns == {"variable": ["val"]}


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("address text not null unique", "job_address_key"),
        ("address text check (address <> '') not null", "job_address_check"),
        ("address inet not null", "SQLSTATE 22P02"),
    ],
)
def test_what_cannot_be_emptied_is_refused_without_a_word_of_what_it_holds(small, column, why):
    small.execute(f"create table job (id int primary key, {column})")
    small.execute("insert into job values (1, '10.7.7.1'), (2, '10.7.7.2')")
    with pytest.raises(RefusedError, match=rf"empty address of the table job.*\({why}\)") as caught:
        empty_secrets(small, "public", {})
    assert "10.7.7" not in str(caught.value)


def test_columns_are_cleaned(small):
    small.execute("create table log (id int, event text, extra text)")
    small.execute(
        'insert into log values (1, \'paused\', \'{"is_paused": true, "x": "hidden"}\'),'
        " (2, 'cli', 'hidden'), (3, 'cli', null)"
    )
    kept = (
        "case event when 'paused'"
        " then json_build_object('is_paused', extra::json -> 'is_paused')::text end"
    )
    absent = {"no_such_column": "'x'"}
    emptied = empty_secrets(small, "public", {"log": {"extra": kept} | absent, "no_table": absent})
    assert small.execute("select id, extra from log order by id").fetchall() == [
        (1, '{"is_paused" : true}'),
        (2, None),
        (3, None),
    ]
    assert emptied.cleaned == {"log": ["extra"]}
    small.execute("update log set event = 'paused', extra = 'hidden'")
    with pytest.raises(RefusedError, match="extra of the table log") as caught:
        empty_secrets(small, "public", {"log": {"extra": kept}})
    assert "hidden" not in str(caught.value)


def test_a_snapshot_of_an_earlier_release_tells_that_it_may_hold_more(snapshots, source):
    name = snapshots.take(source)
    manifest = Path(snapshots.location) / f"{name}.json"
    assert json.loads(manifest.read_text())["emptied"] is None
    assert "  emptied    nothing\n" in snapshots.run("inspect", name)
    change(manifest, "emptied", value=None)
    change(manifest, "format", value=1)
    change(manifest, "has_secrets", value=False)
    assert "it kept what it did not know" in snapshots.run("inspect", name)


@pytest.fixture
def picky(source) -> str:
    """The URL of a database whose rows break a rule wherever else they are."""
    name = psycopg.conninfo.conninfo_to_dict(source)["dbname"]
    execute(
        source,
        f"update variable set val = '{CANARY}'",
        "create function is_here(text) returns boolean language sql as"
        f" $$ select current_database() = '{name}' $$",
        "alter table variable add constraint is_here check (is_here(val))",
    )
    return source


def test_errors_do_not_show_what_rows_hold(snapshots, picky, postgres, new_name):
    told = snapshots.run("take", "--exclude-secrets", AIRFLOW_SNAPSHOT_SOURCE=picky, code=78)
    name = snapshots.take(picky)
    told += snapshots.run("verify", name, code=78)
    new = postgres.url(new_name)
    told += snapshots.run("restore", name, "--into", new, code=78)
    postgres.create_database(new_name)
    told += snapshots.run("restore", name, "--into", new, code=78)
    assert told.count('violates check constraint "is_here"') == 4
    assert CANARY not in told
    with (
        pytest.raises(DatabaseError, match="is_here") as caught,
        connected(parse_address(picky, "it")) as connection,
    ):
        connection.execute(
            "alter function is_here(text) rename to was_here;"
            "create function is_here(text) returns boolean language sql as 'select false';"
            "alter table variable drop constraint is_here,"
            " add constraint is_here check (is_here(val)) not valid;"
            "update variable set description = 'x'"
        )
    assert CANARY not in str(caught.value)
