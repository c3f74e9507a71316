"""Small servers for what the fake provider does not do: TLS, compression, proxies."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parent / "data" / "tls"


class Sent(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: Any


class Server(ThreadingHTTPServer):
    """Records requests and answers all of them alike."""

    daemon_threads = True

    def __init__(self, answer: bytes, headers: dict[str, str], status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.headers, self.status = answer, headers, status
        self.requests: list[Sent] = []
        self.base_url = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append(Sent(self.path, headers, json.loads(body)))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def completion(content: object) -> bytes:
    """A chat completion with this content as JSON."""
    message = {"role": "assistant", "content": json.dumps(content)}
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()


@contextmanager
def serving(
    answer: bytes,
    *,
    headers: dict[str, str] | None = None,
    status: int = 200,
    certificate: str | None = None,
) -> Iterator[Server]:
    """Runs a server; with a certificate of `data/tls`, over TLS."""
    server = Server(answer, headers or {"content-type": "application/json"}, status)
    scheme, host = "http", "127.0.0.1"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(DATA / certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme, host = "https", "localhost"
    server.base_url = f"{scheme}://{host}:{server.server_address[1]}/v1"
    # A handshake that the client breaks off is no error of the server.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Socks:
    """A SOCKS5 proxy (RFC 1928) that leads every connection to one server."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.asked: list[str] = []
        """The hosts that clients asked for."""
        self.url = f"socks5h://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, client.makefile("rb") as reader:
            _, methods = reader.read(2)
            reader.read(methods)
            client.sendall(b"\x05\x00")
            *_, kind = reader.read(4)
            assert kind == 3, "a host name"
            self.asked.append(reader.read(reader.read(1)[0]).decode())
            reader.read(2)
            with socket.create_connection(self._target) as server:
                client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
