"""The ways in that people have to the database of their Airflow, on each PostgreSQL at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.extract.generated_rows import fill
from tests.real_airflow import captured
from tests.real_airflow.pgbouncer import transaction_pooler
from tests.real_airflow.postgres import (
    ThrowawayPostgres,
    execute,
    require_password,
    throwaway_postgres,
)
from tests.real_airflow.tls import tls_in_front_of

PASSWORD = "sesame"


@pytest.fixture(scope="module", params=[16, 18])
def server(request) -> Iterator[ThrowawayPostgres]:
    """A server with the database `airflow`, and `keeper`, who may do anything, with a password."""
    with throwaway_postgres(tcp=True, version=request.param) as postgres:
        schema = captured.load("3.3.2")
        url = postgres.create_database("airflow")
        captured.recreate(schema, url)
        fill(schema, url, 5)
        execute(url, f"create role keeper login superuser password '{PASSWORD}'")
        require_password(url, "keeper")
        yield postgres


def test_all_of_it_is_encrypted(snapshots, server, tmp_path):
    with tls_in_front_of(server.port, tmp_path) as way:
        place = f"postgresql://keeper:{PASSWORD}@localhost:{way.port}"
        name = snapshots.take(f"{place}/airflow?{way.trust}&{way.identity}")
        into = f"{place}/restored?{way.trust}&{way.identity}"
        snapshots.run("restore", name, AIRFLOW_SNAPSHOT_INTO=into)
        server.drop_database("restored")
        for wrong, said in (
            (way.trust, "alert certificate required"),
            (f"{way.trust}.nowhere&{way.identity}", "root certificate file"),
            (f"{way.trust}&{way.identity}.nowhere", "not private key file"),
        ):
            source = f"{place}/airflow?{wrong}"
            printed = snapshots.run("take", code=78, AIRFLOW_SNAPSHOT_SOURCE=source)
            assert "the address cannot be used as it is" in printed
            assert said in printed
            assert PASSWORD not in printed
    assert "PASS" in snapshots.run("verify", name)


def test_a_service_file(snapshots, server, tmp_path):
    services = tmp_path / "services"
    place = f"host=127.0.0.1\nport={server.port}\nuser=keeper\npassword={PASSWORD}\n"
    services.write_text(f"[airflow]\n{place}")
    snapshots.take("postgresql:///airflow?service=airflow", PGSERVICEFILE=str(services))
    alone = {"AIRFLOW_SNAPSHOT_SOURCE": "service=airflow", "PGSERVICEFILE": str(services)}
    assert "postgresql:///airflow?service=name" in snapshots.run("take", code=78, **alone)


def test_a_pooler_is_refused(snapshots, server):
    with transaction_pooler(server, "keeper", PASSWORD) as port:
        source = f"postgresql://keeper:{PASSWORD}@127.0.0.1:{port}/airflow"
        printed = snapshots.run("take", code=78, AIRFLOW_SNAPSHOT_SOURCE=source)
    assert "is a pooler, such as PgBouncer" in printed
    assert not list(Path(snapshots.location).glob("*"))
