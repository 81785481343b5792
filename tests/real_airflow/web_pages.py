"""What a user does on the pages of a running Airflow: forms, filled in as a browser sends them."""

from __future__ import annotations

import http.cookiejar
import re
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlencode

_TOKEN = re.compile(r"""name="csrf_token"[^>]*(?:value|content)="([^"]+)"|csrfToken = '([^']+)'""")


class WebPages:
    """A user who is logged in to the pages of FAB, which in Airflow 2 are all of them.

    Args:
        version: Airflow's version.
        address: `http://host:port` of the API server or webserver.
        user: Name and password.
    """

    def __init__(self, version: str, address: str, user: tuple[str, str]) -> None:
        self._address = address
        # A proxy of this machine is of no use for a server on it.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )
        self.users = "" if version.startswith("2.") else "/auth"
        name, password = user
        self.fill(f"{self.users}/login/", {"username": name, "password": password})

    def fill(
        self, path: str, fields: Mapping[str, str], on: str | None = None, file: str | None = None
    ) -> None:
        """Send a form.

        Args:
            path: Where it is sent to.
            fields: Its fields.
            on: Path of the page that it stands on; None if that is `path`.
            file: What a JSON file holds that goes with it, as the field `file`.

        Raises:
            HTTPError: Airflow refused it.
        """
        with self._opener.open(f"{self._address}{on or path}", timeout=60) as page:
            found = _TOKEN.search(page.read().decode())
        assert found, f"{on or path}: a page without a form"
        sent = {"csrf_token": found[1] or found[2], **fields}
        kind, data = "application/x-www-form-urlencoded", urlencode(sent).encode()
        if file is not None:
            kind, data = _multipart(sent, file)
        headers = {"Content-Type": kind, "Referer": f"{self._address}{path}"}
        request = urllib.request.Request(self._address + path, data, headers)  # noqa: S310
        with self._opener.open(request, timeout=60):
            pass


def _multipart(fields: Mapping[str, str], file: str) -> tuple[str, bytes]:
    boundary = "between-the-fields"
    parts = [f'"{name}"\r\n\r\n{value}' for name, value in fields.items()]
    parts.append(f'"file"; filename="file.json"\r\nContent-Type: application/json\r\n\r\n{file}')
    lines = [f"--{boundary}\r\nContent-Disposition: form-data; name={part}\r\n" for part in parts]
    body = "".join([*lines, f"--{boundary}--\r\n"])
    return f"multipart/form-data; boundary={boundary}", body.encode()
