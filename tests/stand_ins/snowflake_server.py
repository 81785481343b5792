"""A Snowflake account on loopback: PyPI's fakesnow (DuckDB) behind Snowflake's own host names.

Run by a Python of its own, `.tools/stand-in-snowflake`. The real drivers find it through two
environment variables that it prints: a proxy, HTTPS_PROXY, that connects every
`<account>.snowflakecomputing.com` to this process and nothing else, and REQUESTS_CA_BUNDLE.

It does not prove: that Snowflake plans or prices a statement as wished, grants and ownership,
case-sensitive names (DuckDB folds them), limits of size, what other sessions see before a commit
beyond DuckDB's snapshots, stages in S3, Azure and GCS, network policies, MFA, and the wording of
errors.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import json
import re
import secrets
import uuid
from collections import defaultdict
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import fakesnow.server as fake
import jwt
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.expr import normalise_ident
from fakesnow.instance import FakeSnow
from sqlglot import Expr, exp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.stand_ins import snowflake_user_stage
from tests.stand_ins.certificates import write_certificate
from tests.stand_ins.snowflake_sql import QuotingConnection, parse, split

DOMAIN = "snowflakecomputing.com"
USER, PASSWORD, TOKEN, EXPIRED_TOKEN = "LOADER", "s3cret", "token", "expired"
ROLE, READER = ROLES = ("LOADER", "READER")
WAREHOUSE, EXHAUSTED_WAREHOUSE = WAREHOUSES = ("LOADING", "EXHAUSTED")


def _refusal(code: int, sql_state: str, message: str) -> JSONResponse:
    return JSONResponse(
        {
            "data": {"errorCode": f"{code:06d}", "sqlState": sql_state},
            "code": f"{code:06d}",
            "message": message,
            "success": False,
        }
    )


async def _body(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return json.loads(body)


def _with_body(request: Request, body: dict[str, Any]) -> Request:
    content = json.dumps(body).encode()
    headers = [
        (name, value)
        for name, value in request.scope["headers"]
        if name not in {b"content-encoding", b"content-length"}
    ]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    return Request({**request.scope, "headers": headers}, receive)


class Account:
    """What Snowflake's protocol asks for, as far as fakesnow does not answer it.

    Databases are made by statements; there is a user with a password, a key pair and an OAuth
    token, and there are roles and warehouses.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        (folder / "private_key.pem").write_bytes(
            self._key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self._duckdb = FakeSnow(create_database_on_connect=False, create_schema_on_connect=False)
        snowflake_user_stage.make(self._connect(None, None).cursor())
        self._results: dict[str, dict[str, Any]] = {}
        self._changing: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self.app = Starlette(
            routes=[
                Route("/session/v1/login-request", self.log_in, methods=["POST"]),
                Route("/queries/v1/query-request", self.query, methods=["POST"]),
                Route("/queries/{query_id}/result", self.result, methods=["GET"]),
                Route("/fs_bucket/{path:path}", self.upload, methods=["PUT"]),
                Route("/telemetry/send", _accept, methods=["POST"]),
                *fake.routes,
            ]
        )

    def _connect(self, database: str | None, schema: str | None) -> FakeSnowflakeConnection:
        return FakeSnowflakeConnection(
            QuotingConnection(self._duckdb.duck_conn.cursor()),
            self._duckdb.results_cache,
            database,
            schema,
            create_database=False,
            create_schema=False,
        )

    def _note(self, **what: object) -> None:
        with (self._folder / "log.jsonl").open("a") as log:
            print(json.dumps(what), file=log)

    async def log_in(self, request: Request) -> Response:
        data = (await _body(request))["data"]
        parameters = data["SESSION_PARAMETERS"]
        wanted = {
            name: normalise_ident(value)
            for name, value in request.query_params.items()
            if name in {"databaseName", "schemaName", "warehouse", "roleName"}
        }
        self._note(login=data.get("AUTHENTICATOR"), parameters=parameters, **wanted)
        if refusal := self._check_login(data):
            return refusal
        if wanted.get("roleName", ROLE) not in ROLES:
            return _refusal(
                390189,
                "08001",
                f"Role '{wanted['roleName']}' specified in the connect string does not exist or not"
                " authorized. Contact your local system administrator, or attempt to login with"
                " another role, e.g. PUBLIC.",
            )
        connection = self._connect(wanted.get("databaseName"), wanted.get("schemaName"))
        if parameters.get("CLIENT_VALIDATE_DEFAULT_PARAMETERS"):
            for kind, found in (
                ("database", connection.database_set or not connection.database),
                ("warehouse", wanted.get("warehouse", WAREHOUSE) in WAREHOUSES),
            ):
                if not found:
                    return _refusal(
                        390201, "08001", f"The requested {kind} does not exist or not authorized."
                    )
        connection.autocommit(parameters.get("AUTOCOMMIT", True))
        connection.warehouse = wanted.get("warehouse")
        connection.role = wanted.get("roleName", ROLE)
        token = secrets.token_urlsafe(32)
        fake.sessions[token] = connection
        return JSONResponse(
            {
                "data": {
                    "token": token,
                    "masterToken": token,
                    "serverVersion": "10.1.0",
                    "parameters": [{"name": "AUTOCOMMIT", "value": True}],
                    "sessionInfo": {
                        "databaseName": connection.database,
                        "schemaName": connection.schema,
                        "warehouseName": connection.warehouse,
                        "roleName": connection.role,
                    },
                },
                "success": True,
            }
        )

    def _check_login(self, data: dict[str, Any]) -> Response | None:
        match data.get("AUTHENTICATOR"):
            case "OAUTH":
                if data["TOKEN"] == EXPIRED_TOKEN:
                    return _refusal(
                        390318, "08001", f"OAuth access token expired. [{uuid.uuid4()}]"
                    )
                if data["TOKEN"] != TOKEN:
                    return _refusal(390303, "08001", "Invalid OAuth access token.")
            case "SNOWFLAKE_JWT":
                try:
                    key = self._key.public_key()
                    claims = jwt.decode(data["TOKEN"], key, algorithms=["RS256"])
                except jwt.InvalidTokenError:
                    claims = {"sub": ""}
                if claims["sub"].rpartition(".")[2] != USER:
                    return _refusal(390144, "08001", f"JWT token is invalid. [{uuid.uuid4()}]")
            case _:
                if (data["LOGIN_NAME"].upper(), data["PASSWORD"]) != (USER, PASSWORD):
                    return _refusal(
                        390100, "08001", "Incorrect username or password was specified."
                    )
        return None

    async def query(self, request: Request) -> Response:
        """Run one statement, or several whose results the client asks for one by one."""
        body = await _body(request)
        statements = split(body["sqlText"])
        if len(statements) == 1:
            return await self._query_one(request, body)
        query_ids = []
        for statement in statements:
            response = await self._query_one(request, {**body, "sqlText": statement})
            if response.status_code != HTTPStatus.OK:
                return response
            answer = json.loads(bytes(response.body))
            if not answer["success"]:
                return _refusal(
                    100132,
                    "P0000",
                    "Uncaught exception of type 'STATEMENT_ERROR' on line 1 at position 0 : "
                    + answer["message"],
                )
            query_id = answer["data"]["queryId"]
            self._results[query_id] = answer
            query_ids.append(query_id)
        return JSONResponse(
            {
                "data": {
                    "rowtype": [],
                    "rowset": [["Multiple statements executed successfully."]],
                    "queryResultFormat": "json",
                    "total": 1,
                    "queryId": str(uuid.uuid4()),
                    "statementTypeId": 0xA000,
                    "resultIds": ",".join(query_ids),
                    "resultTypes": ",".join("0" for _ in query_ids),
                    "parameters": [],
                },
                "success": True,
            }
        )

    async def _query_one(self, request: Request, body: dict[str, Any]) -> Response:
        sql = body["sqlText"]
        # The driver asks for the address of an upload by the file's name alone.
        if not sql.startswith("PUT 'file://") or sql.startswith("PUT 'file:///"):
            self._note(statement=sql)
        if (fault := self._fault()) and re.search(fault["pattern"], sql):
            if fault["code"] == HTTPStatus.SERVICE_UNAVAILABLE:
                return Response(status_code=fault["code"])
            return _refusal(fault["code"], fault["sql_state"], fault["message"])
        connection, expression = fake.to_conn(fake.to_token(request)), parse(sql)
        response = _check_rights(connection, expression)
        if not response:
            async with self._locked(connection, expression):
                response = await fake.query_request(_with_body(request, body))
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            # The client would take it for an accident of the network, and try again for minutes.
            response = _refusal(603, "XX000", json.loads(bytes(response.body))["message"])
        answer = json.loads(bytes(response.body))
        if not answer["success"]:
            self._note(refused=answer["message"])
        return response

    def _locked(
        self, connection: FakeSnowflakeConnection, expression: Expr
    ) -> AbstractAsyncContextManager[None]:
        """Let changes of one table wait for each other; DuckDB would refuse the later one."""
        if not _is_change(expression):
            return contextlib.nullcontext()
        table = expression.this.find(exp.Table)
        return self._changing[(table.db or connection.schema or "").upper(), table.name.upper()]

    def _fault(self) -> dict[str, Any] | None:
        with contextlib.suppress(FileNotFoundError):
            return json.loads((self._folder / "fault.json").read_text())
        return None

    async def upload(self, request: Request) -> Response:
        """Take a file into a stage."""
        self._note(uploaded=len(await request.body()))
        return await fake.bucket_upload(request)

    async def result(self, request: Request) -> Response:
        """Answer with the result of one of several statements."""
        return JSONResponse(self._results.pop(request.path_params["query_id"]))


async def _accept(_: Request) -> Response:
    return JSONResponse({"success": True})


def _is_change(expression: Expr) -> bool:
    return isinstance(expression, exp.DML | exp.Copy | exp.Merge)


def _check_rights(connection: FakeSnowflakeConnection, expression: Expr) -> Response | None:
    """Refuse what needs a warehouse or a grant that the session lacks."""
    changes = _is_change(expression)
    if connection.role == READER and (
        changes or isinstance(expression, exp.DDL | exp.Drop | exp.Alter)
    ):
        return _refusal(
            3001,
            "42501",
            "SQL access control error:\nInsufficient privileges to operate on database"
            f" '{connection.database}'",
        )
    reads = any(
        table.db.upper() != "INFORMATION_SCHEMA" for table in expression.find_all(exp.Table)
    )
    if changes or (isinstance(expression, exp.Query) and reads):
        if connection.warehouse not in WAREHOUSES:
            return _refusal(
                606,
                "57P03",
                "No active warehouse selected in the current session.  Select an active warehouse"
                " with the 'use warehouse' command.",
            )
        if connection.warehouse == EXHAUSTED_WAREHOUSE:
            return _refusal(
                90073,
                "22000",
                f"Warehouse '{connection.warehouse}' cannot be resumed because resource monitor"
                " 'MONTHLY' has exceeded its quota.",
            )
    return None


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer), contextlib.suppress(ConnectionError):
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
            await writer.drain()


async def _serve(folder: Path) -> None:
    account = Account(folder)
    certificate, key = write_certificate(folder, x509.DNSName(f"*.{DOMAIN}"))
    server = uvicorn.Server(
        uvicorn.Config(
            account.app,
            host="127.0.0.1",
            port=0,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            log_level="warning",
        )
    )

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect a client that asked for an account, as an HTTP proxy does."""
        method, target, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
        if method != "CONNECT" or not target.endswith(f".{DOMAIN}:443"):
            writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        port = server.servers[0].sockets[0].getsockname()[1]
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))

    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    proxy = await asyncio.start_server(connect, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    environment = {
        "HTTPS_PROXY": f"http://127.0.0.1:{port}",
        "REQUESTS_CA_BUNDLE": str(certificate),
    }
    print(json.dumps(environment), flush=True)
    await serving


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    asyncio.run(_serve(parser.parse_args().folder))
