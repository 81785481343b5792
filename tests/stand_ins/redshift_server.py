"""A stand-in for Redshift: PostgreSQL behind a proxy that rewrites its SQL, and an S3 server.

It does not prove: that Redshift takes every statement (it takes what Redshift's grammar and
PostgreSQL know), that plans are fast or keys well chosen (it drops them), sizes of texts in bytes
other than in COPY, numbers beyond what a double keeps exactly, several sessions that collide, a
TRUNCATE that commits, how long anything takes or what it costs. Errors of COPY have the shape and
words that Redshift's documentation and its users report.

Runs until its standard input ends. Reads its settings as JSON from the first line there, and prints
its addresses as JSON when it is ready.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import ssl
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

import boto3
import psycopg
from moto import settings as moto_settings
from moto.server import ThreadedMotoServer
from postgresql_proxy import config_schema
from postgresql_proxy.proxy import Proxy

from tests.stand_ins.redshift_copy import COPY, CopyError, ObjectStore
from tests.stand_ins.redshift_sql import to_postgres

logger = logging.getLogger(__name__)

_INTERCEPTED = [{"plugin": "redshift", "function": "rewrite"}]


class LastingProxy(Proxy):
    """A proxy that outlives a client that does not like its certificate."""

    def accept_wrapper(self, sock: socket.socket) -> None:
        with suppress(OSError):
            super().accept_wrapper(sock)


class Rewriter:
    """What the proxy asks for every statement."""

    def __init__(self, store: ObjectStore, server_url: str, log: TextIO) -> None:
        self._store, self._server_url, self._log = store, server_url, log
        self._known: dict[str, str] = {}

    def rewrite(self, statement: str, context: dict[str, Any]) -> str:
        """Return what PostgreSQL is told instead; the log gets what was said."""
        print(json.dumps(statement), file=self._log, flush=True)
        try:
            return self._rewritten(statement, context)
        except Exception as error:  # the proxy would end, without a word
            logger.exception("cannot rewrite %.500s", statement)
            return _failure("The stand-in cannot do this", repr(error))

    def _rewritten(self, statement: str, context: dict[str, Any]) -> str:
        if copied := COPY.match(statement):
            database = context["connect_params"]["database"]
            with psycopg.connect(f"{self._server_url}&dbname={database}") as server:
                try:
                    return self._store.copy(copied, server)
                except CopyError as error:
                    return _failure(error.message, error.detail)
        if len(statement) > 100_000:
            return to_postgres(statement)
        if statement not in self._known:
            self._known[statement] = to_postgres(statement)
        return self._known[statement]

    @staticmethod
    def greet(key: str, value: str, context: dict[str, Any]) -> tuple[str, str]:  # noqa: ARG004
        """Say that the server is of Redshift's version."""
        return key, "8.0.2" if key == "server_version" else value


def _failure(message: str, detail: str) -> str:
    said = ", ".join(
        f"{part} = $said${text}$said$" for part, text in (("message", message), ("detail", detail))
    )
    return f"do $do$ begin raise exception using errcode = 'XX000', {said}; end $do$"


def _make_users(store_url: str, settings: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Make the bucket, and users with policies; return their keys."""
    anyone = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    s3 = boto3.client("s3", endpoint_url=store_url, region_name="us-east-1", **anyone)
    for bucket in settings["buckets"]:
        s3.create_bucket(Bucket=bucket)
    iam = boto3.client("iam", endpoint_url=store_url, region_name="us-east-1", **anyone)
    keys = {}
    for user, policy in settings["users"].items():
        iam.create_user(UserName=user)
        if policy:
            iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=json.dumps(policy))
        made = iam.create_access_key(UserName=user)["AccessKey"]
        keys[user] = (made["AccessKeyId"], made["SecretAccessKey"])
    return keys


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def main() -> None:
    settings = json.loads(sys.stdin.readline())
    folder = Path(settings["folder"])
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, store_port = moto.get_host_and_port()
    store_url = f"http://{host}:{store_port}"
    keys = _make_users(store_url, settings)
    moto_settings.INITIAL_NO_AUTH_ACTION_COUNT = 0  # from now on S3 asks who it is
    roles = {arn: keys[user] for arn, user in settings["roles"].items()}
    store = ObjectStore(store_url, roles, folder)
    port = _free_port()
    instance = config_schema.InstanceSettings(
        {
            "listen": {"name": "proxy", "host": "127.0.0.1", "port": port},
            "redirect": {"name": "pg", "host": "127.0.0.1", "port": settings["postgres_port"]},
            "intercept": {
                "commands": {"queries": _INTERCEPTED},
                "responses": {"parameter_status": [{"plugin": "redshift", "function": "greet"}]},
            },
        }
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(settings["certificate"], settings["key"])
    with (folder / "statements.jsonl").open("a") as log:
        rewriter = Rewriter(store, settings["postgres_url"], log)
        plugins: Any = {"redshift": SimpleNamespace(rewrite=rewriter.rewrite, greet=rewriter.greet)}
        proxy = LastingProxy(instance, plugins, ssl_context=tls)
        threading.Thread(target=proxy.listen, daemon=True).start()
        print(json.dumps({"port": port, "store_url": store_url, "keys": keys}), flush=True)
        sys.stdin.read()
        os._exit(0)


if __name__ == "__main__":
    main()
