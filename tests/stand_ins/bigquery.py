"""Starts the stand-in of BigQuery and of Cloud Storage, and knows accounts that may log in."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".tools/stand-in-bigquery/bin/python"
REGION = "europe-west3"
BUCKET = "audit-staging"
_START_SECONDS = 60


@dataclass(frozen=True)
class BigQueryStandIn:
    """A running stand-in.

    Attributes:
        url: Where BigQuery is.
        storage_url: Where Cloud Storage is.
        folder: In which it keeps what it has.
    """

    url: str
    storage_url: str
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that send Google's own clients to it."""
        return {
            "BIGQUERY_EMULATOR_HOST": self.url,
            "STORAGE_EMULATOR_HOST": self.storage_url,
            # Google's library asks Google where an account may be used from; nobody answers here.
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }

    def new_project(self) -> str:
        """The name of a project with nothing in it."""
        return f"audit-{next(self._numbers)}"

    def key(self, email: str = "loader@audit", *, denied: Sequence[str] = ()) -> dict[str, Any]:
        """The key of a service account, as in its file, that lacks some permissions."""
        private, public = key_pair()
        self._post(f"accounts/{email}", {"public_key": public, "denied": list(denied)})
        return {
            "type": "service_account",
            "project_id": "elsewhere",
            "private_key_id": "1",
            "private_key": private,
            "client_email": email,
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }

    def fail(self, what: str, status: int, reason: str, message: str, *, times: int = 99) -> None:
        """Answer so to requests from now on whose method, path and SQL match a pattern."""
        fault = {"what": what, "status": status, "reason": reason, "message": message}
        self._post("faults", [fault | {"times": times}])

    def fail_no_more(self) -> None:
        self._post("faults", [])

    def requests(self) -> list[dict[str, Any]]:
        """What was asked since the last call: `what`, `bytes` sent, and `query`."""
        with urlopen(f"{self.url}/stand-in/requests") as answer:  # noqa: S310  # on loopback
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def objects(self) -> list[str]:
        """Names of all objects in the bucket."""
        with urlopen(f"{self.storage_url}/storage/v1/b/{BUCKET}/o") as answer:  # noqa: S310
            return [found["name"] for found in json.load(answer).get("items", [])]

    def put_object(self, name: str) -> None:
        """Put an object into the bucket."""
        place = f"{self.storage_url}/upload/storage/v1/b/{BUCKET}/o"
        query = urlencode({"uploadType": "media", "name": name})
        urlopen(f"{place}?{query}", data=b"x").close()  # noqa: S310

    def remove_object(self, name: str) -> None:
        """Remove an object from the bucket."""
        place = f"{self.storage_url}/storage/v1/b/{BUCKET}/o/{quote(name, safe='')}"
        urlopen(Request(place, method="DELETE")).close()  # noqa: S310

    def _post(self, path: str, content: object) -> None:
        body = json.dumps(content).encode()
        headers = {"content-type": "application/json"}
        request = Request(f"{self.url}/stand-in/{path}", body, headers)  # noqa: S310  # on loopback
        urlopen(request).close()  # noqa: S310


@cache
def key_pair() -> tuple[str, str]:
    """A private and a public key in PEM, the same each time."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@contextmanager
def running_bigquery(folder: Path) -> Iterator[BigQueryStandIn]:
    """Run a stand-in in an empty folder."""
    assert PYTHON.exists(), f"{PYTHON} is missing: run the tests with `make test-warehouses`"
    server = Path(__file__).with_name("bigquery_server.py")
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [PYTHON, server, folder, REGION, BUCKET], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        give_up = time.monotonic() + _START_SECONDS
        while not (folder / "ready.json").exists():
            assert process.poll() is None, (folder / "log.txt").read_text()
            assert time.monotonic() < give_up, "the stand-in does not start"
            time.sleep(0.05)
        addresses = json.loads((folder / "ready.json").read_text())
        yield BigQueryStandIn(addresses["bigquery"], addresses["storage"], folder)
    finally:
        process.terminate()
        process.wait(timeout=30)
