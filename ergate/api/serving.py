"""Serving the HTTP face with uvicorn, on loopback unless there is a token."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI

from ergate.api.callbacks import HiddenAddresses
from ergate.api.security import Security, is_loopback
from ergate.errors import UsageError

log = logging.getLogger("ergate")

GRACE_S = 10
"""How long requests may go on after a stop was asked for."""
HOW_TO_MAKE_ONE = "ERGATE_TOKEN=$(openssl rand -hex 16)"
"""How a token is made for one start, for messages."""
CONNECTIONS = 500
HEADER_BYTES = 32 * 1024


class Server(uvicorn.Server):
    """A uvicorn server that ends event streams when it is asked to stop, and then returns."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and tell that it has begun."""
        await super().startup(sockets)
        if self.started and self._on_start is not None:
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests that run end, and give up the others when the grace is over."""
        log.info("Stopping; requests that run have %s s to end", GRACE_S)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take note of a signal; at the second one requests that run are given up."""
        app = self.config.app
        assert isinstance(app, FastAPI)
        # A stream never ends by itself, and would hold up the stop until the grace is over.
        app.state.streams.stop_soon()
        app.state.endings.stop_soon()
        # uvicorn would raise the signal again at the end, and nobody could close the broker.
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True


class EscapedLines(logging.Filter):
    """Makes what callers send visible in log lines: no control character gets through."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Escape the arguments of a record, and let it pass."""
        if isinstance(record.args, tuple):
            record.args = tuple(escaped(one) for one in record.args)
        return True


def escaped(value: object) -> object:
    r"""Return a text with every character that is not printable as an escape like `\x1b`."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(one if one.isprintable() else _visible(one) for one in value)


def _visible(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def check_address(host: str, security: Security) -> None:
    """Raise `UsageError` for an address that others reach while there is no token."""
    if security.token is None and not _is_own(host):
        raise UsageError(
            f"{host} can be reached from other machines, and this server has no token. "
            f"Give it a token, as in {HOW_TO_MAKE_ONE}, or listen on 127.0.0.1."
        )


def new_server(
    app: FastAPI, host: str, port: int, on_start: Callable[[], None] | None = None
) -> Server:
    """Return a server for an app of `create_api`; port 0 means any free one.

    `on_start` is called when it has begun to answer.
    Raises `UsageError` for an address that others reach while there is no token.
    """
    check_address(host, app.state.security)
    access = logging.getLogger("uvicorn.access")
    for wanted in (EscapedLines, HiddenAddresses):
        if not any(isinstance(one, wanted) for one in access.filters):
            access.addFilter(wanted())
    return Server(new_config(app, host, port), on_start)


def new_config(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """Return the settings that uvicorn serves an app with."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # whoever is not a proxy could claim any address
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_graceful_shutdown=GRACE_S,
        ws="none",
        http="h11",
    )


def serve(
    app: FastAPI,
    host: str = "127.0.0.1",
    port: int = 8700,
    *,
    on_start: Callable[[str], None] | None = None,
) -> bool:
    """Serve until a signal asks to stop, and return whether the requests that ran could end.

    `on_start` gets the address when the server has begun to answer.
    Raises `UsageError` for an address that cannot be had, or not without a token.
    """
    with bound(host, port) as listening:
        address = address_of(host, listening.getsockname()[1])
        server = new_server(
            app, host, port, None if on_start is None else partial(on_start, address)
        )
        server.run(sockets=[listening])
    return not server.force_exit


def address_of(host: str, port: int) -> str:
    """Return the URL of a server's first page."""
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def bound(host: str, port: int) -> socket.socket:
    """Return a socket at an address. Raises `UsageError` for one that cannot be had."""
    # asyncio sends without delay where it is told that this is TCP; else the body of an answer
    # waits until the client has acknowledged its head, which a client on Linux does after 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as exc:
        listening.close()
        raise UsageError(
            f"{host}:{port} cannot be listened on: {exc.strerror or exc}. "
            "Another port is taken by --port, and any free one by --port 0."
        ) from exc
    return listening


def _is_own(host: str) -> bool:
    return host == "localhost" or is_loopback(host)
