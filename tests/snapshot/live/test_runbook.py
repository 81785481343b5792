"""docs/snapshots.md, followed command by command, with other addresses."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from psycopg import conninfo

from airflow_snapshot.embedded_postgres import PROGRAMS
from airflow_snapshot.quiesce import Unfinished, rules
from tests.conftest import restore_demo_databases
from tests.pipeline.meltano_runs import ROOT, Pipeline
from tests.real_airflow.install import RECIPES, install
from tests.real_airflow.postgres import ThrowawayPostgres, execute
from tests.real_airflow.running import running_airflow
from tests.snapshot.airflow_copies import rows
from tests.snapshot.conftest import by_major_version, databases_of

pytestmark = [pytest.mark.live_airflow, pytest.mark.timeout(900)]

DOCUMENT = (ROOT / "docs" / "snapshots.md").read_text()
NEWEST = "3.3.2"
OLD_KEY, NEW_KEY = (Fernet.generate_key().decode() for _ in range(2))
_DAG = """
from datetime import datetime

from airflow.sdk import DAG, task

with DAG("after_the_move", schedule=None, start_date=datetime(2025, 1, 1)):
    @task
    def works():
        pass

    works()
"""


def section(title: str) -> str:
    parts = re.split(r"^## (.*)\n", DOCUMENT, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[title]


def commands(title: str) -> str:
    found = re.findall(r"^```sh\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)
    assert found, title
    return "".join(found)


@dataclass(frozen=True)
class Runbook:
    """Follows the document on a server of our own.

    Attributes:
        server: Where every address of the document leads.
        folder: For all that the commands write.
    """

    server: ThrowawayPostgres
    folder: Path

    def database(self, host: str, name: str = "airflow") -> str:
        """The URL of what the document calls `<host>.example.com:5432/<name>`."""
        return self._here(f"postgresql://airflow@{host}.example.com:5432/{name}")

    def create_database(self, host: str, template: str) -> str:
        url = self.database(host)
        name = conninfo.conninfo_to_dict(url)["dbname"]
        execute(
            self.server.url("postgres"),
            f'drop database if exists "{name}"',
            f'create database "{name}" template "{template}" owner airflow',
        )
        execute(
            self.server.url(str(name)),
            """do $$ declare relation_name text; begin
                for relation_name in select tablename from pg_tables where schemaname = 'public'
                    union all select sequencename from pg_sequences where schemaname = 'public'
                loop
                    -- Of a sequence that a column owns, the owner is that of the table.
                    begin
                        execute format('alter table %I owner to airflow', relation_name);
                    exception when feature_not_supported then null;
                    end;
                end loop;
            end $$""",
        )
        return url

    def _here(self, text: str) -> str:
        def address(found: re.Match[str]) -> str:
            host, name = found.groups()
            own = f"{host}_{name}" if name == "airflow" else name
            return f"127.0.0.1:{self.server.port}/{own}"

        return re.sub(r"([\w-]+)\.example\.com:5432/(\w+)", address, text)

    @property
    def environ(self) -> dict[str, str]:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW", "ENVIRONMENT_SLUG", "PG", "TAP_", "TARGET_"))
        }
        airflow = install(NEWEST) / "bin"
        return clean | {
            "PATH": f"{airflow}:{PROGRAMS}:{os.environ['PATH']}",
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW__CORE__AUTH_MANAGER": str(RECIPES[NEWEST].auth_manager),
            "AIRFLOW_SNAPSHOT_LOCATION": str(self.folder / "snapshots"),
            "AIRFLOW_SNAPSHOT_OLD_FERNET_KEY": OLD_KEY,
            "AIRFLOW_SNAPSHOT_NEW_FERNET_KEY": NEW_KEY,
            "WAREHOUSE_PASSWORD": "of staging",
            "TARGET_DUCKDB_PATH": str(self.folder / "warehouse.duckdb"),
            "MELTANO_DATABASE_URI": f"sqlite:///{self.folder / 'meltano.db'}",
            # Others use the project's at the same time.
            "MELTANO_SYS_DIR_ROOT": str(self.folder / "meltano"),
            "NO_PROXY": "127.0.0.1",
        }

    def follow(self, title: str, **environ: str) -> str:
        """Run the commands of a section; return what they print."""
        define = re.search(r"^airflow-snapshot\(\).*\n", DOCUMENT, re.MULTILINE)
        assert define
        script = self._here(commands(title))
        script = script.replace("staging.yaml", str(self.folder / "staging.yaml"))
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", define[0] + script],
            cwd=ROOT,
            env=self.environ | environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def tcp_templates(tcp_postgres: ThrowawayPostgres) -> dict[str, str]:
    return by_major_version(restore_demo_databases(tcp_postgres))


@pytest.fixture
def runbook(tcp_postgres: ThrowawayPostgres, tmp_path: Path) -> Iterator[Runbook]:
    execute(
        tcp_postgres.url("postgres"),
        "do $$ begin create role airflow login createdb; exception when duplicate_object then"
        " null; end $$",
    )
    (tmp_path / "meltano").mkdir()
    for name in ("extractors", "loaders", "utilities"):
        (tmp_path / "meltano" / name).symlink_to(ROOT / ".meltano" / name)
    yield Runbook(tcp_postgres, tmp_path)
    # The next one begins on an empty server.
    for name in databases_of(tcp_postgres) - {"postgres", "template0", "template1"}:
        if not name.startswith("demo_"):
            execute(tcp_postgres.url("postgres"), f'drop database "{name}" with (force)')


def test_move_and_upgrade(runbook: Runbook, tcp_templates: dict[str, str], tmp_path: Path) -> None:
    """A database of Airflow 2.11 becomes one of 3.3.2, is used, and is synced."""
    old = runbook.create_database("old-db", tcp_templates["2"])
    told = runbook.follow("Runbook: move production, or upgrade it")
    assert "PASS production-" in told
    assert "Run: airflow db migrate" in told
    new = runbook.database("new-db")
    count = "select dag_id, run_id from dag_run order by 1, 2"
    assert rows(new, count) == rows(old, count)
    assert rows(old, "select version_num from alembic_version") == [("5f2621c13b39",)]
    assert rows(new, "select version_num from alembic_version") == [("d2f4e1b3c5a7",)]
    with running_airflow(NEWEST, new, {"dag.py": _DAG}) as airflow:
        airflow.wait_until(
            "the DAG", lambda: not rows(new, "select from dag where dag_id = 'after_the_move'"), 120
        )
        airflow.api.set_paused("after_the_move", paused=False)
        airflow.api.trigger("after_the_move", "first")
        state = "select from dag_run where run_id = 'first' and state = 'success'"
        airflow.wait_until("its run", lambda: not rows(new, state), 120)
        pipeline = Pipeline(tmp_path, "production", new, runbook.environ)
        pipeline.sync()
    synced = {row["run_id"] for row in pipeline.rows("dag_run", "run_id")}
    assert {"first"} <= synced
    assert {run_id for _, run_id in rows(old, count)} <= synced


def test_staging_out_of_production(
    runbook: Runbook, tcp_templates: dict[str, str], tmp_path: Path
) -> None:
    production = runbook.create_database("production-db", tcp_templates["3"])
    _encrypt(production)
    before = rows(production, "select dag_id, is_paused from dag order by 1")
    title = "Runbook: staging out of production"
    [overrides] = re.findall(r"^```yaml\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)
    (tmp_path / "staging.yaml").write_text(overrides)
    told = runbook.follow(title)
    assert "Cloned postgresql://airflow@127.0.0.1" in told
    assert "dry run: nothing was changed" in told
    staging = runbook.database("staging-db", "airflow_staging")
    assert rows(staging, "select from dag where not is_paused") == []
    connections = {
        conn_id: (host, password)
        for conn_id, host, password in rows(
            staging, "select conn_id, host, password from connection where is_encrypted"
        )
    }
    host, password = connections["warehouse"]
    assert host == "warehouse.staging.example.com"
    assert Fernet(NEW_KEY).decrypt(password.encode()) == b"of staging"
    [value] = [value for (value,) in rows(staging, "select val from variable where key = 'stage'")]
    assert Fernet(NEW_KEY).decrypt(value.encode()) == b"staging"
    assert rows(staging, "select neutralised_at is not null from airflow_snapshot_origin") == [
        (True,)
    ]
    assert rows(production, "select dag_id, is_paused from dag order by 1") == before


def _encrypt(url: str) -> None:
    """Encrypt what the demo's company encrypts with a key that nobody has."""
    old = Fernet(OLD_KEY)
    for table, column, flag in (
        ("connection", "password", "is_encrypted"),
        ("connection", "extra", "is_extra_encrypted"),
        ("variable", "val", "is_encrypted"),
    ):
        for row_id, value in rows(url, f"select id, {column} from {table} where {flag}"):
            if value:
                text = old.encrypt(value.encode()).decode()
                execute(url, f"update {table} set {column} = '{text}' where id = {row_id}")


def test_the_database_is_lost_and_every_day(
    runbook: Runbook, tcp_templates: dict[str, str]
) -> None:
    production = runbook.create_database("production-db", tcp_templates["3"])
    environ = {"AIRFLOW_SNAPSHOT_SOURCE": production, "ENVIRONMENT_SLUG": "production"}
    assert "PASS production-" in runbook.follow("Every day", **environ)
    expected = rows(production, "select dag_id, run_id, state from dag_run order by 1, 2")
    assert "PASS production-" in runbook.follow("Runbook: the database is lost")
    restored = runbook.database("new-db", "airflow_restored")
    assert rows(restored, "select dag_id, run_id, state from dag_run order by 1, 2") == expected
    runbook.follow("Sync from a snapshot")
    pipeline = Pipeline(runbook.folder, "production", restored, runbook.environ)
    synced = {(row["dag_id"], row["run_id"], row["state"]) for row in pipeline.rows("dag_run")}
    assert synced == set(expected)


def test_every_command_is_described():
    told = subprocess.run(
        [ROOT / ".venv-dev" / "bin" / "airflow-snapshot", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    listed = set(re.findall(r"^  ([a-z]+) +[A-Z]", told.partition("Commands:")[2], re.MULTILINE))
    described = set(re.findall(r"`([a-z]+)`(?=[^|]* \|)", DOCUMENT.partition("## Settings")[0]))
    assert len(listed) == 9
    assert listed <= described


@pytest.mark.parametrize("unfinished", ["failed", "cleared"])
def test_every_rule_of_neutralise_is_described(unfinished: Unfinished):
    described = section("Runbook: staging out of production")
    for rule in rules(unfinished):
        assert rule.sentence.removesuffix(" of backfills") in described
