"""Three microservices in one small program: upper, reverse and space-counter.

Each has a port of its own, takes `{"message": "…"}` by POST and answers a JSON object.
Nothing is to be installed.
"""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Service = Callable[[str], dict[str, object]]

FIRST_PORT = 5001
MAX_BYTES = 1024 * 1024


def upper(message: str) -> dict[str, object]:
    return {"message": message.upper()}


def reverse(message: str) -> dict[str, object]:
    return {"message": message[::-1]}


def count_spaces(message: str) -> dict[str, object]:
    return {"space_count": message.count(" ")}


SERVICES: dict[str, Service] = {
    "upper": upper,
    "reverse": reverse,
    "space-counter": count_spaces,
}


class Server(ThreadingHTTPServer):
    """One service on one port."""

    daemon_threads = True

    def __init__(self, service: Service, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.service = service


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open from one call to the next
    server: Server

    def do_POST(self) -> None:
        try:
            data = json.loads(self._body())
        except ValueError:
            data = None
        message = data.get("message") if isinstance(data, dict) else None
        if isinstance(message, str):
            self._answer(HTTPStatus.OK, self.server.service(message))
        else:
            wanted = 'Send a JSON object with a text, such as {"message": "Hello"}.'
            self._answer(HTTPStatus.BAD_REQUEST, {"message": wanted})

    def _body(self) -> bytes:
        size = self.headers.get("Content-Length", "")
        if size.isdecimal() and int(size) <= MAX_BYTES:
            return self.rfile.read(int(size))
        self.close_connection = True  # what was not read would be taken for the next request
        return b""

    def _answer(self, status: HTTPStatus, data: Mapping[str, object]) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is theirs
        """Stay quiet."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the services upper, reverse, space-counter.")
    what = f"of the first; the others follow, and 0 takes free ones (default: {FIRST_PORT})"
    parser.add_argument("--port", type=int, default=FIRST_PORT, help=what)
    first = parser.parse_args().port
    with ExitStack() as servers, suppress(KeyboardInterrupt):
        for place, (name, service) in enumerate(SERVICES.items()):
            server = servers.enter_context(Server(service, first + place if first else 0))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            print(f"{name:13}  http://127.0.0.1:{server.server_port}/", flush=True)
        threading.Event().wait()  # for Ctrl-C


if __name__ == "__main__":
    main()
