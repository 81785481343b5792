"""A stand-in of BigQuery and of Cloud Storage, on loopback: bqemulator and gcp-storage-emulator.

Runs with the Python of its own environment and three arguments: a folder, in which it keeps objects
and writes `ready.json` when it can be used, the region that everything is in, and a bucket to make.
What bqemulator leaves out or does differently from BigQuery's documentation is put right here; the
rest is its own.

What it does not prove: that BigQuery takes the same SQL (DuckDB runs it, in a translation), what
anything costs or how long it takes, quotas, rights beyond the few below, how BigQuery stores and
prunes partitions and clusters (they are parsed, and forgotten), what happens between a request and
a broken connection, and all of Google's login but for keys of service accounts.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import jwt
import sqlglot
from bqemulator import server
from bqemulator.api.dependencies import AppContext
from bqemulator.catalog import ddl_sync
from bqemulator.catalog.repository import CatalogRepository
from bqemulator.config import Settings
from bqemulator.domain.errors import InvalidQueryError, NotFoundError
from bqemulator.jobs import executor
from bqemulator.scripting import interpreter
from bqemulator.sql import inner_query
from bqemulator.sql.rewriter import create_table_schema_ctas
from bqemulator.sql.rewriter.information_schema import expand_information_schema
from bqemulator.sql.rules import aggregate_types
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.storage.sql_identifiers import quoted_table_ref
from duckdb import DuckDBPyConnection
from fastapi import FastAPI, Request
from gcp_storage_emulator.server import create_server
from gcp_storage_emulator.settings import STORAGE_DIR
from sqlglot import exp
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# HTTP status of a job's error, by its reason: https://cloud.google.com/bigquery/docs/error-messages
_STATUS = {"accessDenied": 403, "duplicate": 409, "notFound": 404, "backendError": 503}
_PERMISSIONS = {
    "bigquery.jobs.create": r"POST .*/(queries|jobs)",
    "bigquery.datasets.create": r"POST .*/datasets",
}
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _error(status: int, reason: str, message: str) -> JSONResponse:
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return JSONResponse({"error": {"code": status, "message": message, "errors": errors}}, status)


class Gate:
    """Stands before bqemulator: who asks, for which region, and is the service up.

    Attributes:
        accounts: Keys and missing permissions of service accounts, by their address.
        faults: Answers in place of bqemulator's, each for some requests.
        requests: What came in, to be counted.
    """

    accounts: ClassVar[dict[str, dict[str, Any]]] = {}
    faults: ClassVar[list[dict[str, Any]]] = []
    requests: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, app: ASGIApp, region: str) -> None:
        self._app = app
        self._region = region
        # bqemulator has one connection to DuckDB, and would mix up what runs at the same time.
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        if request.url.path.startswith(("/stand-in/", "/token")):
            await self._app(scope, receive, send)
            return
        body = await request.body()
        answer = self._refusal(request, body)
        if not answer:
            async with self._one_at_a_time:
                if request.url.path.startswith("/bigquery/"):
                    body = _in_single_quotes(body)
                answer = await self._answered(scope, body)
        await answer(scope, receive, send)

    def _refusal(self, request: Request, body: bytes) -> Response | None:
        what = f"{request.method} {request.url.path}"
        sent = _job_or_dataset(body) if request.method == "POST" else {}
        query = sent.get("query") or sent.get("configuration", {}).get("query", {}).get("query")
        self.requests.append({"what": what, "bytes": len(body), "query": query})
        email = request.headers.get("authorization", "").removeprefix("Bearer ")
        if email not in self.accounts:
            return _error(401, "authError", "Request had invalid authentication credentials.")
        for permission in self.accounts[email]["denied"]:
            if re.fullmatch(_PERMISSIONS[permission], what):
                message = f"Access Denied: User does not have {permission} permission."
                return _error(403, "accessDenied", message)
        region = sent.get("jobReference", sent).get("location", "US")
        if sent and region != self._region:
            return _error(404, "notFound", f"Not found: Dataset was not found in location {region}")
        for fault in self.faults:
            if fault["times"] and re.search(fault["what"], f"{what} {query}"):
                fault["times"] -= 1
                return _error(fault["status"], fault["reason"], fault["message"])
        return None

    async def _answered(self, scope: Scope, body: bytes) -> Response:
        """Return bqemulator's answer, with the region, and with errors as BigQuery sends them."""
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, keep)
        start, *rest = sent
        content = b"".join(message.get("body", b"") for message in rest)
        headers = {key.decode(): value.decode() for key, value in start["headers"]}
        headers.pop("content-length", None)
        if not headers.get("content-type", "").startswith("application/json") or not content:
            return Response(content, start["status"], headers)
        answer = json.loads(content)
        if scope["path"].endswith("/queries") and answer.get("errors"):
            [error, *_] = answer["errors"]
            return _error(_STATUS.get(error["reason"], 400), error["reason"], error["message"])
        if "jobReference" in answer:
            answer["jobReference"]["location"] = self._region
        return Response(json.dumps(answer), start["status"], headers)


def _in_single_quotes(body: bytes) -> bytes:
    """Write triple-quoted texts of a query in single quotes: sqlglot leaves escapes in them.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#quoted_literals
    """
    if b"'''" not in body:
        return body
    sent = json.loads(body)
    job = sent.get("configuration", {}).get("query", sent)
    if "query" in job:
        job["query"] = re.sub(
            r"'''((?:\\.|[^\\])*?)'''",
            lambda text: "'" + re.sub(r"\\.|['\n]", _escaped, text[1], flags=re.DOTALL) + "'",
            job["query"],
            flags=re.DOTALL,
        )
    return json.dumps(sent).encode()


def _escaped(character: re.Match[str]) -> str:
    return {"'": r"\'", "\n": r"\n"}.get(character[0], character[0])


def _job_or_dataset(body: bytes) -> dict[str, Any]:
    """Return what a request is about: its JSON, or the JSON before an uploaded file."""
    text = body[body.find(b"{") :] if body.startswith(b"--") else body
    try:
        found, _ = json.JSONDecoder().raw_decode(text.decode("utf-8", "replace"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _add_own_routes(app: FastAPI) -> None:
    @app.post("/token")
    async def token(request: Request) -> Response:
        form = dict(item.split("=", 1) for item in (await request.body()).decode().split("&"))
        assertion = form["assertion"]
        claims = jwt.decode(assertion, options={"verify_signature": False})
        account = Gate.accounts.get(claims["iss"])
        if account is None:
            problem = "Invalid grant: account not found"
            return JSONResponse({"error": "invalid_grant", "error_description": problem}, 400)
        try:
            jwt.decode(assertion, account["public_key"], ["RS256"], audience=claims["aud"])
        except jwt.InvalidTokenError:
            problem = "Invalid JWT Signature."
            return JSONResponse({"error": "invalid_grant", "error_description": problem}, 400)
        return JSONResponse({"access_token": claims["iss"], "expires_in": 3600})

    @app.post("/stand-in/accounts/{email}")
    async def account(email: str, request: Request) -> None:
        Gate.accounts[email] = await request.json()

    @app.post("/stand-in/faults")
    async def faults(request: Request) -> None:
        Gate.faults[:] = await request.json()

    @app.get("/stand-in/requests")
    async def requests() -> list[dict[str, Any]]:
        taken = list(Gate.requests)
        Gate.requests.clear()
        return taken


def _load_parquet(path: str, target: str, context: AppContext) -> None:
    """Load a file as BigQuery does: by name, what the file lacks as null, nothing of another type.

    https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet
    """
    columns = context.engine.execute(f"describe {target}").fetchall()
    types = {name.lower(): kind for name, kind, *_ in columns}
    described = context.engine.execute("describe select * from read_parquet(?)", [path]).fetchall()
    for name, kind, *_ in described:
        if name.lower() not in types:
            raise InvalidQueryError(f"Provided Schema does not match. Cannot add fields: {name}")
        if kind != types[name.lower()]:
            raise InvalidQueryError(
                f"Provided Schema does not match. Field {name} has changed type from"
                f" {types[name.lower()]} to {kind}"
            )
    context.engine.execute(f"insert into {target} by name select * from read_parquet(?)", [path])


class _Engine(DuckDBEngine):
    def _load_spatial(self) -> None:
        """It has to be downloaded, and is for geography alone."""

    def execute(self, sql: str, parameters: list[Any] | None = None) -> DuckDBPyConnection:
        """Run the parts of an ALTER TABLE with several columns one by one, as DuckDB wants."""
        for statement in _single_alterations(sql):
            result = super().execute(statement, parameters)
        return result


def _single_alterations(sql: str) -> list[str]:
    if not sql.lstrip()[:11].upper().startswith("ALTER TABLE"):
        return [sql]
    alter = sqlglot.parse_one(sql, read="duckdb")
    if not isinstance(alter, exp.Alter):
        return [sql]
    parts = []
    for action in alter.args["actions"]:
        part = alter.copy()
        part.set("actions", [action.copy()])
        parts.append(part.sql(dialect="duckdb"))
    return parts


def _note_new_columns(sql: str, project: str, context: AppContext) -> None:
    """Note what CREATE TABLE made, and what ALTER TABLE did, which bqemulator forgets."""
    ddl_sync.sync_created_table(sql, project, context)
    statement = executor._parse_for_classification(sql)
    if isinstance(statement, exp.Alter) and isinstance(statement.this, exp.Table):
        name = ddl_sync._split_target(statement.this, project)
        if known := context.catalog.get_table(*name):
            columns = {"schema_": ddl_sync._introspect_schema(*name, context)}
            context.catalog.update_table(known.model_copy(update=columns))


def _first_select(body: exp.Expression) -> exp.Select | None:
    """Return the first SELECT of CREATE TABLE … AS, in parentheses too."""
    while not isinstance(body, exp.Select):
        if not isinstance(body, exp.Subquery | exp.SetOperation):
            return None
        body = body.this
    return body


def _expand_information_schema(sql: str, project: str, catalog: CatalogRepository) -> str:
    """Refuse to tell of a dataset that is not there, where bqemulator has nothing to tell.

    https://cloud.google.com/bigquery/docs/information-schema-intro#dataset_qualifier
    """
    for table in sqlglot.parse_one(sql, read="bigquery").find_all(exp.Table):
        owner, dataset = table.catalog or project, table.db
        if not table.name.upper().startswith("INFORMATION_SCHEMA.") or not dataset:
            continue
        if not dataset.startswith("region-") and catalog.get_dataset(owner, dataset) is None:
            raise NotFoundError(f"Not found: Dataset {owner}:{dataset}")
    return expand_information_schema(sql, project, catalog)


def _with_views_by_name(sql: str, **_: object) -> str:
    """Leave views to DuckDB: nobody here has policies by row, for which bqemulator writes the SQL
    of every view, and of the views in that, into each statement and parses it a dozen times.
    """
    return sql


def _changed_tables(sql: str, project: str) -> list[str]:
    """Return what a statement in a transaction changes: bqemulator forgets TRUNCATE TABLE."""
    statement = sqlglot.parse_one(sql, read="bigquery")
    return [quoted_table_ref(*table) for table in executor._dml_target_tables(statement, project)]


def _of_numeric_alone(applies_to: Callable[..., bool]) -> Callable[..., bool]:
    """Keep a rule for divisions of NUMERIC from those by FLOAT64, whose result is FLOAT64.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#arithmetic_operators
    """

    def applies(rule: object, node: exp.Expression) -> bool:
        return applies_to(rule, node) and not any(
            side.is_type("double", "float") for side in (node.this, node.expression)
        )

    return applies


async def _serve(folder: Path, region: str, bucket: str) -> None:
    objects = folder / "objects"
    objects.mkdir(parents=True)
    storage = create_server("127.0.0.1", 0, data_dir=str(objects), default_bucket=bucket)
    storage.start()
    make_app = server.create_app

    def create_app(context: AppContext) -> ASGIApp:
        app = make_app(context)
        _add_own_routes(app)
        return Gate(app, region)

    server.create_app = create_app
    server.DuckDBEngine = _Engine
    create_table_schema_ctas._first_select = _first_select
    inner_query.expand_information_schema = _expand_information_schema
    inner_query.rewrite_for_row_access = _with_views_by_name
    executor.sync_created_table = interpreter.sync_created_table = _note_new_columns
    interpreter._dml_targets = _changed_tables
    rule = aggregate_types.DivDecimalRule
    rule.applies_to = _of_numeric_alone(rule.applies_to)
    executor._LOAD_FORMAT_HANDLERS["PARQUET"] = _load_parquet
    emulator = server.EmulatorServer(
        Settings(
            rest_port=0,
            grpc_port=0,
            gcs_local_root=objects / STORAGE_DIR,
            upload_staging_dir=folder / "uploads",
            enable_format_extensions=False,
            log_level="error",
        )
    )
    await emulator.start()
    ready = {
        "bigquery": emulator.rest_url,
        "storage": f"http://127.0.0.1:{storage._api._httpd.server_port}",
    }
    (folder / "starting.json").write_text(json.dumps(ready))
    (folder / "starting.json").rename(folder / "ready.json")
    # Not longer than the tests, even if they are killed.
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), *sys.argv[2:]))
