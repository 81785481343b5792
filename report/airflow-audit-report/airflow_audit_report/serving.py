"""The report on a local address, made anew whenever it is loaded and old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from airflow_audit_report.errors import EXIT_RETRYABLE, ReportError, ReportSettingsError

_LOCALHOST = "127.0.0.1"


class _Page:
    """The newest page."""

    def __init__(self, make: Callable[[], str], lasting_seconds: float) -> None:
        self._make, self._lasting_seconds = make, lasting_seconds
        self._made, self._html = float("-inf"), ""
        self._lock = threading.Lock()

    def html(self) -> str:
        with self._lock:
            if time.monotonic() - self._made > self._lasting_seconds:
                self._html = self._make()
                self._made = time.monotonic()
            return self._html


def open_server(make: Callable[[], str], port: int, lasting_seconds: float) -> ThreadingHTTPServer:
    """Return a server that shows a page to this machine only.

    Args:
        make: Makes the page.
        port: 0 for any that is free.
        lasting_seconds: For so long the same page is shown.

    Raises:
        ReportSettingsError: The port is taken, or may not be used.
    """
    page = _Page(make, lasting_seconds)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # A page of another origin may send requests here by a name that leads to this machine.
            if self.headers.get("Host", "").rpartition(":")[0] not in {_LOCALHOST, "localhost"}:
                self._send(HTTPStatus.FORBIDDEN, "text/plain", "This is for localhost only.\n")
            elif self.path != "/":
                self._send(HTTPStatus.NOT_FOUND, "text/plain", "The report is at /.\n")
            else:
                self._send_page()

        def _send_page(self) -> None:
            try:
                html = page.html()
            except ReportError as error:
                is_retryable = error.exit_code == EXIT_RETRYABLE
                status = (
                    HTTPStatus.SERVICE_UNAVAILABLE
                    if is_retryable
                    else HTTPStatus.INTERNAL_SERVER_ERROR
                )
                self._send(status, "text/plain", f"{error}\n")
            else:
                self._send(HTTPStatus.OK, "text/html", html)

        def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing of single requests."""

    try:
        return ThreadingHTTPServer((_LOCALHOST, port), Handler)
    except (OSError, OverflowError) as error:
        msg = f"--port {port}: {error}. Name another one"
        raise ReportSettingsError(msg) from error
