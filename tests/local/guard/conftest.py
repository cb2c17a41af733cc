"""What attacks on the embedded AWS share: requests as bytes, and clients with the handed-out credentials."""

import socket
from contextlib import closing

import pytest


class Line:
    """Sends bytes to the server as they are, and returns its answer."""

    def __init__(self, port):
        self.port = port

    def send(self, data, seconds=30):
        with closing(self.open(seconds)) as connection:
            connection.sendall(data)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts).decode("utf-8", "replace")

    def open(self, seconds=30):
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def request(self, method="GET", path="/", body=b"", **headers):
        """The status and the text of the answer to a request with a right Host, where `headers` has no other."""
        stated = {"Host": f"127.0.0.1:{self.port}", "Content-Length": str(len(body)), "Connection": "close"}
        stated |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [
            f"{method} {path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in stated.items() if value),
        ]
        answer = self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
        head, _, text = answer.partition("\r\n\r\n")
        return int(head.split()[1]), text


@pytest.fixture
def line(local_server):
    return Line(local_server.port)
