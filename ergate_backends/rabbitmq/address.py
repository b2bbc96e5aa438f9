"""What a RabbitMQ address says, and how to connect to the servers that it names."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import pika

from ergate.contracts.address import Address
from ergate.contracts.retention import OPTIONS as RETENTION
from ergate.errors import SettingsError

DEFAULT_PREFIX = "ergate"
PORT = 5672
TLS_PORT = 5671
HEARTBEAT_S = 30
CONNECT_TIMEOUT_S = 3.0
OPEN_TIMEOUT_S = 5.0
"""How long the whole way from a socket to an open connection may take."""

_PREFIX = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_TLS = ("cafile", "certfile", "keyfile", "verify")
_OPTIONS = ("prefix", "heartbeat", *_TLS, *RETENTION)
_NO = ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Place:
    """A server, or the nodes of a cluster; a virtual host; and the queues in it that are ours."""

    address: Address
    prefix: str
    heartbeat_s: int

    @classmethod
    def of(cls, address: Address) -> Place:
        """Read an address. Raises `SettingsError` for what it cannot mean."""
        address.check_options(_OPTIONS)
        prefix = address.options.get("prefix", DEFAULT_PREFIX)
        if not _PREFIX.fullmatch(prefix) or prefix.startswith("amq."):
            raise SettingsError(
                f"{address}: the prefix {prefix!r} cannot begin the name of a queue. Use up to 100 "
                "letters, digits and the characters _ . : - and not amq. at the beginning."
            )
        place = cls(address, prefix, _heartbeat(address))
        place._check_tls()
        return place

    @property
    def vhost(self) -> str:
        """The virtual host; no path means "/", as everywhere with AMQP."""
        return self.address.path or "/"

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.address.scheme == "amqps"

    def nodes(self) -> Iterator[tuple[str, int]]:
        """Yield the host and the port of each node."""
        for text in (self.address.authority.rpartition("@")[2] or "localhost").split(","):
            match = re.fullmatch(r"(\[[^]]*\]|[^:]*)(?::(\d+))?", text)
            assert match is not None, text  # the address was checked
            host = match[1].strip("[]") or "localhost"
            yield host, int(match[2] or (TLS_PORT if self.is_tls else PORT))

    def parameters(self, host: str, port: int, purpose: str) -> pika.ConnectionParameters:
        """Return what the client library needs to connect to one node.

        `purpose` is shown in the server's list of connections. Raises `SettingsError` for files of
        TLS that cannot be used.
        """
        context = self._tls_context()
        return pika.ConnectionParameters(
            host=host,
            port=port,
            virtual_host=self.vhost,
            credentials=pika.PlainCredentials(*self._log_in()),
            heartbeat=self.heartbeat_s,
            ssl_options=None if context is None else pika.SSLOptions(context, host),  # type: ignore[arg-type]  # None is no TLS
            connection_attempts=1,
            socket_timeout=CONNECT_TIMEOUT_S,
            stack_timeout=OPEN_TIMEOUT_S,
            client_properties={"connection_name": f"ergate: {purpose}"},
        )

    def _log_in(self) -> tuple[str, str]:
        user, colon, password = self.address.authority.rpartition("@")[0].partition(":")
        return unquote(user) or "guest", unquote(password) if colon else "guest"

    def _check_tls(self) -> None:
        named = [name for name in _TLS if name in self.address.options]
        if named and not self.is_tls:
            raise SettingsError(
                f"{self.address} has TLS options ({named[0]}); begin it with amqps:"
            )
        if ("keyfile" in named) and ("certfile" not in named):
            raise SettingsError(f"{self.address} has a keyfile without its certfile.")

    def _tls_context(self) -> ssl.SSLContext | None:
        if not self.is_tls:
            return None
        options = self.address.options
        try:
            context = ssl.create_default_context(cafile=options.get("cafile"))
            if "certfile" in options:
                context.load_cert_chain(options["certfile"], options.get("keyfile"))
        except (OSError, ssl.SSLError) as exc:
            raise SettingsError(
                f"{self.address}: a file for TLS cannot be used: {exc.strerror or exc}. "
                "Look at cafile, certfile and keyfile; each is the path of a PEM file."
            ) from exc
        if options.get("verify", "true").lower() in _NO:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _heartbeat(address: Address) -> int:
    text = address.options.get("heartbeat", str(HEARTBEAT_S))
    if not text.isdigit() or int(text) > 2**16 - 1:
        raise SettingsError(
            f"{address}: the heartbeat {text!r} is no number of seconds. Write heartbeat=30; "
            "0 leaves it to TCP to notice that the other side is gone."
        )
    return int(text)
