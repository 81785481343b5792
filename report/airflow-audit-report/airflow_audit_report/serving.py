"""A local web server for the report, which renders it anew when a cached page is old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from airflow_audit_report.errors import EXIT_RETRYABLE, ReportError, ReportSettingsError

_LOCALHOST = "127.0.0.1"


class _CachedPage:
    """The last rendered page."""

    def __init__(self, render: Callable[[], str], cache_seconds: float) -> None:
        self._render, self._cache_seconds = render, cache_seconds
        self._rendered_at, self._html = float("-inf"), ""
        self._lock = threading.Lock()

    def html(self) -> str:
        with self._lock:
            if time.monotonic() - self._rendered_at > self._cache_seconds:
                self._html = self._render()
                self._rendered_at = time.monotonic()
            return self._html


def open_server(render: Callable[[], str], port: int, cache_seconds: float) -> ThreadingHTTPServer:
    """Return a server that serves a page to this machine only.

    Args:
        render: Renders the page.
        port: 0 for any free one.
        cache_seconds: How long a page is reused.

    Raises:
        ReportSettingsError: The port is taken, or may not be used.
    """
    page = _CachedPage(render, cache_seconds)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Against DNS rebinding: another origin may use a name that resolves to this machine.
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
            """Log no requests."""

    try:
        return ThreadingHTTPServer((_LOCALHOST, port), Handler)
    except (OSError, OverflowError) as error:
        msg = f"--port {port}: {error}. Name another one"
        raise ReportSettingsError(msg) from error
