"""TLS in front of a throw-away Postgres, which is built without it."""

from __future__ import annotations

import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from tests.stand_ins.certificates import write_certificate

_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")


@dataclass(frozen=True)
class Encrypted:
    """A way to a server with TLS, and with no other.

    Attributes:
        port: On `localhost`, which is the name in the certificate.
        certificate: Its own authority.
        client_certificate: The one that clients have to show.
        client_key: Of that.
    """

    port: int
    certificate: Path
    client_certificate: Path
    client_key: Path

    @property
    def trust(self) -> str:
        """What an address asks for to be sure of the server."""
        return f"sslmode=verify-full&sslrootcert={self.certificate}"

    @property
    def identity(self) -> str:
        """What an address has to show who the client is."""
        return f"sslcert={self.client_certificate}&sslkey={self.client_key}"


@contextmanager
def tls_in_front_of(port: int, folder: Path) -> Iterator[Encrypted]:
    """Take connections with TLS for a server on the loopback address.

    Args:
        port: Of the server.
        folder: For certificates.
    """
    certificates = []
    for name in ("localhost", "client"):
        (folder / name).mkdir()
        certificates += write_certificate(folder / name, x509.DNSName(name))
    certificate, key, client_certificate, client_key = certificates
    client_key.chmod(0o600)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(client_certificate)
    context.verify_mode = ssl.CERT_REQUIRED

    class Session(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if self.request.recv(len(_SSL_REQUEST)) != _SSL_REQUEST:
                return
            self.request.sendall(b"S")
            # An error is the client's, who leaves, or has no certificate that is trusted.
            with (
                suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as client,
                socket.create_connection(("127.0.0.1", port)) as server,
            ):
                _relay(client, server)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as listener:
        threading.Thread(target=listener.serve_forever, args=(0.05,)).start()
        try:
            own_port = listener.server_address[1]
            yield Encrypted(own_port, certificate, client_certificate, client_key)
        finally:
            listener.shutdown()


def _relay(client: ssl.SSLSocket, server: socket.socket) -> None:
    others = {client: server, server: client}
    while True:
        # What is decrypted already is not seen by select.
        ready = [client] if client.pending() else select.select([client, server], [], [])[0]
        for one in ready:
            data = one.recv(65536)
            if not data:
                return
            others[one].sendall(data)
