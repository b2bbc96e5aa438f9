"""The pool of connections: httpx on top, checked connections below, and nothing in between.

Requests go to the transport itself and not through `httpx.Client`: redirects, cookies kept between
services, proxies from the environment, passwords from `.netrc` and a log line with the whole URL
are what a client adds, and none of them is wanted.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpcore
import httpx

from ergate.errors import SettingsError
from ergate.services.connecting import CheckedNetwork

CONNECTIONS = 100
IDLE_S = 15.0
"""Shorter than what servers keep: most close an idle connection after 5 to 75 s."""


class CheckedTransport(httpx.BaseTransport):
    """Sends requests over a pool of connections that a `CheckedNetwork` makes.

    Safe to use from many threads. Raises httpcore's errors, and those of the network.
    """

    def __init__(self, network: CheckedNetwork, ca_file: Path | None = None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(ca_file),
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=IDLE_S,
            network_backend=network,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                url,
                headers=request.headers.raw,
                content=request.read(),
                extensions=request.extensions,
            )
        )
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), request=request
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _ssl_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        # SSL_CERT_FILE and SSL_CERT_DIR are obeyed; they replace the usual authorities.
        context = httpx.create_ssl_context()
        if ca_file is not None:
            context.load_verify_locations(ca_file)
    except OSError as exc:
        where = ca_file or "that SSL_CERT_FILE or SSL_CERT_DIR names"
        raise SettingsError(
            f"The certificates in the file {where} cannot be read: {exc.strerror or exc}."
        ) from exc
    return context
