"""What a Redis address says, and the client that it asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

from ergate.contracts.address import Address
from ergate.errors import SettingsError

DEFAULT_PREFIX = "ergate"
DEFAULT_PORT = 6379
SENTINEL_PORT = 26379
CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 5.0
"""No call blocks longer: what a cut cable swallowed is taken for lost after this time."""

_PREFIX = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_TLS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
_OPTIONS = ("prefix", "db", *_TLS)


class Client(Protocol):
    """What the clients for one server, for Sentinel and for a cluster have in common."""

    def execute_command(self, *words: object) -> Any: ...
    def pipeline(self, *, transaction: bool) -> Any: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A server, or several that act as one, and the keys in it that are ours."""

    address: Address
    prefix: str

    @classmethod
    def of(cls, address: Address) -> Place:
        """Read an address. Raises `SettingsError` for what it cannot mean."""
        address.check_options(_OPTIONS)
        prefix = address.options.get("prefix", DEFAULT_PREFIX)
        if not _PREFIX.fullmatch(prefix):
            raise SettingsError(
                f"{address}: the prefix {prefix!r} cannot begin a key. "
                "Use up to 100 letters, digits and the characters _ . : -"
            )
        return cls(address, prefix)

    @property
    def base(self) -> str:
        """The beginning of every key; the braces keep all of them in one slot of a cluster."""
        return f"{{{self.prefix}}}:"

    def connect(self) -> Client:
        """Return a client that has not connected yet, and never repeats a command by itself."""
        _, _, kind = self.address.scheme.partition("+")
        if kind == "cluster":
            return self._cluster()
        if kind == "sentinel":
            return self._sentinel()
        return self._single()

    def _single(self) -> Client:
        place: dict[str, Any]
        if self.address.scheme == "unix":
            place = {"unix_socket_path": f"/{self.address.path}", "db": self._db(None)}
        else:
            host, port = self._hosts(DEFAULT_PORT)[0]
            place = {"host": host, "port": port, "db": self._db(self.address.path)}
        client: Client = _library().Redis(**place, **self._options(), **_settings())
        return client

    def _sentinel(self) -> Client:
        service, _, db = self.address.path.partition("/")
        if not service:
            raise SettingsError(
                f"{self.address} does not name the group of servers. "
                "Write redis+sentinel://HOST:26379,HOST:26379/GROUP/DB."
            )
        limits = {
            "socket_timeout": ANSWER_TIMEOUT_S,
            "socket_connect_timeout": CONNECT_TIMEOUT_S,
        }
        guards = _library().Sentinel(self._hosts(SENTINEL_PORT), sentinel_kwargs=limits)
        client: Client = guards.master_for(
            service, db=self._db(db), **self._options(), **_settings()
        )
        return client

    def _cluster(self) -> Client:
        library = _library()
        nodes = [
            library.cluster.ClusterNode(host, port) for host, port in self._hosts(DEFAULT_PORT)
        ]
        client: Client = library.RedisCluster(startup_nodes=nodes, **self._options(), **_settings())
        return client

    def _hosts(self, port: int) -> list[tuple[str, int]]:
        hosts = self.address.authority.rpartition("@")[2] or "localhost"
        return [_host(text, port) for text in hosts.split(",")]

    def _db(self, text: str | None) -> int:
        named = self.address.options.get("db") or text or "0"
        if not named.isdigit():
            raise SettingsError(f"{self.address}: {named!r} is no number of a database.")
        return int(named)

    def _log_in(self) -> dict[str, str]:
        user, colon, password = self.address.authority.rpartition("@")[0].partition(":")
        given = {"username": unquote(user), "password": unquote(password) if colon else ""}
        return {name: value for name, value in given.items() if value}

    def _options(self) -> dict[str, Any]:
        tls = {name: self.address.options[name] for name in _TLS if name in self.address.options}
        if not self.address.scheme.startswith("rediss"):
            if tls:
                raise SettingsError(f"{self.address} has TLS options; begin it with rediss:")
            return dict(self._log_in())
        checks = tls.pop("ssl_check_hostname", "true").lower() not in ("0", "false", "no")
        return {"ssl": True, "ssl_check_hostname": checks, **tls, **self._log_in()}


def _host(text: str, port: int) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[^]]*\]|[^:]*)(?::(\d+))?", text)
    assert match is not None, text  # the address was checked
    return match[1].strip("[]") or "localhost", int(match[2] or port)


def _library() -> Any:
    # Typed in part only, and differently from version to version; imported when it is needed.
    import redis

    return redis


def _settings() -> dict[str, Any]:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        # Whether a command may be sent twice is known here, and not in the client library.
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": ANSWER_TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_keepalive": True,
        "protocol": 2,
        "client_name": "ergate",
    }
