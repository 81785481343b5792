"""The stand-in for Redshift as a whole: see ``redshift_server``."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg
from cryptography import x509

from tests.real_airflow.postgres import ThrowawayPostgres, execute, throwaway_postgres
from tests.stand_ins.certificates import write_certificate

ROOT = Path(__file__).parents[2]
DOCUMENTS = ROOT / "docs/warehouses"
BUCKET, PREFIX = "audit-staging", "airflow"
ROLE = "arn:aws:iam::123456789012:role/airflow-audit-copy"
LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
USER, PASSWORD, DATABASE = "airflow_audit", "Secret-of-the-loader-1", "audit"
HBA = """
local all all trust
host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 password
"""

_POLICIES: dict[str, Any] = json.loads(
    (DOCUMENTS / "redshift-s3-policies.json").read_text().replace("my-bucket", BUCKET)
)
_WRITER, _READER = _POLICIES.values()
# moto wants the permission to remove several objects at once for the bucket, S3 for each of them.
_REMOVE_MANY = {
    "Effect": "Allow",
    "Action": "s3:DeleteObject",
    "Resource": f"arn:aws:s3:::{BUCKET}",
}
USERS = {
    "loader": _WRITER | {"Statement": [*_WRITER["Statement"], _REMOVE_MANY]},
    "cluster": _READER,
    "keeper": json.loads(json.dumps(_WRITER).replace('"s3:DeleteObject", ', "")),
    "nobody": None,
}


@dataclass(frozen=True)
class RedshiftStandIn:
    """A running stand-in.

    Attributes:
        port: Of the database, on the loopback address.
        store_url: Address of the S3 server.
        keys: Access key and secret by user of the S3 server.
        certificate: File with the certificate that the server shows.
        folder: Where its log of statements is.
        postgres: The server behind it.
    """

    port: int
    store_url: str
    keys: dict[str, tuple[str, str]]
    certificate: Path
    folder: Path
    postgres: ThrowawayPostgres

    def aws_environment(self, user: str = "loader") -> dict[str, str]:
        """Environment variables of AWS's own, for a user of the S3 server."""
        key, secret = self.keys[user]
        return {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.store_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def statements(self) -> list[str]:
        """All that was said to the database so far."""
        lines = (self.folder / "statements.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def connect_behind(self, database: str) -> psycopg.Connection[Any]:
        """Log in to the server behind the proxy, as its owner."""
        return psycopg.connect(self.postgres.url(database), autocommit=True)

    def create_database(self, name: str) -> str:
        """Make a database with all that Redshift has; return its name."""
        url = self.postgres.url("postgres")
        execute(
            url,
            f"create database {name} template {DATABASE}",
            f"alter database {name} set timezone = 'UTC'",
            f"grant create on database {name} to {USER}",
        )
        return name

    def objects(self, prefix: str) -> list[str]:
        """Keys of all objects below a prefix of the bucket."""
        key, secret = self.keys["loader"]
        client = boto3.client(
            "s3",
            endpoint_url=self.store_url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name="us-east-1",
        )
        found = client.list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}/")
        return [entry["Key"] for entry in found.get("Contents", ())]


@contextmanager
def running_redshift() -> Iterator[RedshiftStandIn]:
    """Start a stand-in, and stop it at the end."""
    with (
        throwaway_postgres(tcp=True) as postgres,
        tempfile.TemporaryDirectory(prefix="redshift-") as made,
    ):
        folder = Path(made)
        # The server of the database runs as another user and reads the rows that are copied.
        folder.chmod(0o755)
        _prepare(postgres)
        certificate, key = write_certificate(folder, LOOPBACK)
        settings = {
            "folder": str(folder),
            "postgres_port": postgres.port,
            "postgres_url": postgres.url("postgres").replace("/postgres?", "/?"),
            "certificate": str(certificate),
            "key": str(key),
            "buckets": [BUCKET],
            "users": USERS,
            "roles": {ROLE: "cluster"},
        }
        with (
            (folder / "log").open("w") as log,
            subprocess.Popen(
                [sys.executable, "-m", "tests.stand_ins.redshift_server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
            ) as server,
        ):
            assert server.stdin
            assert server.stdout
            server.stdin.write(json.dumps(settings) + "\n")
            server.stdin.flush()
            said = server.stdout.readline()
            assert said, (folder / "log").read_text()
            yield RedshiftStandIn(
                certificate=certificate, folder=folder, postgres=postgres, **json.loads(said)
            )
            server.stdin.close()


def _prepare(postgres: ThrowawayPostgres) -> None:
    url = postgres.url("postgres")
    [hba] = execute(url, "show hba_file").fetchone() or ()
    Path(hba).write_text(HBA)
    execute(
        url,
        # Without statistics PostgreSQL would join big tables row by row; Redshift hashes.
        "alter system set enable_nestloop = off",
        "alter system set jit = off",
        "alter system set work_mem = '64MB'",
        "select pg_reload_conf()",
        f"create database {DATABASE}",
        f"alter database {DATABASE} set timezone = 'UTC'",
    )
    set_up = (DOCUMENTS / "redshift-setup.sql").read_text().replace("Replace-Me-1", PASSWORD)
    with psycopg.connect(postgres.url(DATABASE), autocommit=True) as connection:
        connection.execute(Path(__file__).with_name("redshift_catalog.sql").read_text())
        connection.execute(set_up)
        # The rows that the stand-in's COPY puts into files.
        connection.execute(f"grant pg_read_server_files to {USER}")
