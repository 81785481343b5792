"""The report on a local address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

from airflow_audit_report.errors import MartsError, ReportSettingsError, ReportUnavailableError
from airflow_audit_report.serving import open_server


@contextmanager
def serving(make, lasting_seconds=60.0) -> Iterator[int]:
    with open_server(make, 0, lasting_seconds) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def get(port, path="/", host="localhost"):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": f"{host}:{port}"})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.headers["Content-Type"], text


def test_a_page_lasts_for_a_while_and_is_made_anew():
    made = []

    def make():
        made.append(1)
        return f"<p>ü{len(made)}"

    with serving(make) as port:
        assert get(port) == (200, "text/html; charset=utf-8", "<p>ü1")
        assert get(port)[2] == "<p>ü1"
    with serving(make, lasting_seconds=-1) as port:
        assert [get(port)[2] for _ in range(2)] == ["<p>ü2", "<p>ü3"]


def test_only_this_machine_and_only_the_report():
    with serving(lambda: "secret") as port:
        assert get(port, host="rebound.example")[0] == 403
        assert get(port, "/etc/passwd")[0] == 404


@pytest.mark.parametrize(
    ("error", "status"), [(ReportUnavailableError("busy"), 503), (MartsError("gone"), 500)]
)
def test_an_error_is_told_and_the_next_visit_tries_again(error, status):
    answers = iter([error, "<p>"])

    def make():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with serving(make) as port:
        assert get(port)[::2] == (status, f"{error}\n")
        assert get(port)[::2] == (200, "<p>")


def test_a_port_that_is_taken():
    with serving(lambda: "") as port, pytest.raises(ReportSettingsError, match=f"--port {port}"):
        open_server(lambda: "", port, 1)
