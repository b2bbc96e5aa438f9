"""What a Kafka address says: brokers, names, and settings of the client library."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

from ergate.contracts.address import Address
from ergate.contracts.retention import OPTIONS as RETENTION
from ergate.errors import SettingsError, did_you_mean

DEFAULT_PREFIX = "ergate"
DEFAULT_PARTITIONS = 12
DEFAULT_PORT = 9092
MOST_PARTITIONS = 10_000
LONGEST_TOPIC = 249

_PREFIX = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_PARTITIONS = re.compile(r"[1-9][0-9]{0,4}")
_LEGAL = re.compile(r"[A-Za-z0-9._-]+")
_OPTIONS = ("prefix", "partitions", "mode", *RETENTION)
_JOURNALS = ("jobs", "events")
"""Names after the prefix that are journals."""
_OURS = frozenset(
    {
        "bootstrap.servers",
        "group.id",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "auto.offset.reset",
        "enable.idempotence",
        "acks",
        "request.required.acks",
        "share.acknowledgement.mode",
        "partition.assignment.strategy",
    }
)
"""Settings on which the promise rests."""

Mode = Literal["group", "share"]


@dataclass(frozen=True, slots=True)
class Place:
    """A Kafka cluster, and the names in it that are ours."""

    address: Address
    prefix: str
    partitions: int
    mode: Mode
    settings: dict[str, str] = field(repr=False)
    """What the client library is told, passwords included."""

    @classmethod
    def of(cls, address: Address) -> Place:
        """Read an address. Raises `SettingsError` for what it cannot mean."""
        if address.path:
            raise SettingsError(
                f"{address}: a path means nothing to Kafka. Topics begin with ?prefix=NAME."
            )
        own = {name: text for name, text in address.options.items() if "." not in name}
        _check_known(address, own)
        return cls(
            address,
            _prefix(address, own.get("prefix", DEFAULT_PREFIX)),
            _partitions(address, own.get("partitions", str(DEFAULT_PARTITIONS))),
            _mode(address, own.get("mode", "group")),
            _settings(address),
        )

    @property
    def group(self) -> str:
        """The consumer group of all workers."""
        return self.prefix

    @property
    def share_group(self) -> str:
        """The share group of all workers; a group of one kind cannot have the name of another."""
        return f"{self.prefix}.share"

    def topic(self, queue: str) -> str:
        """Return the topic of a queue. Raises `SettingsError` when no topic can be named so."""
        topic = f"{self.prefix}.{_legal(queue)}"
        if len(topic) > LONGEST_TOPIC:
            raise SettingsError(
                f"The queue {queue!r} cannot be a topic of Kafka: its name {topic!r} would have "
                f"{len(topic)} characters, and {LONGEST_TOPIC} are allowed."
            )
        return topic


def _legal(queue: str) -> str:
    """Return the queue's name, or, with characters that no topic may have, one that stands for it.

    Two queues never get the same name.
    """
    if queue in _JOURNALS:
        return f"_x{ord(queue[0]):02x}{queue[1:]}"
    if _LEGAL.fullmatch(queue) and "_x" not in queue:
        return queue
    text = queue.replace("_x", "_x5fx")
    return "".join(
        one if _LEGAL.fullmatch(one) else "".join(f"_x{byte:02x}" for byte in one.encode())
        for one in text
    )


def _check_known(address: Address, own: dict[str, str]) -> None:
    for name in own:
        if name not in _OPTIONS:
            near = did_you_mean(name, _OPTIONS)
            raise SettingsError(
                f"{address} has the unknown option {name!r}.{near} "
                "Options with a dot go to the client library, such as security.protocol."
            )


def _prefix(address: Address, text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise SettingsError(
            f"{address}: the prefix {text!r} cannot begin a topic. "
            "Use up to 100 letters, digits and the characters _ . -"
        )
    return text


def _partitions(address: Address, text: str) -> int:
    if not _PARTITIONS.fullmatch(text) or int(text) > MOST_PARTITIONS:
        raise SettingsError(
            f"{address}: partitions={text} is no number from 1 to {MOST_PARTITIONS:,}."
        )
    return int(text)


def _mode(address: Address, text: str) -> Mode:
    match text:
        case "group" | "share":
            return text
        case _:
            raise SettingsError(f"{address}: mode={text} is neither group nor share.")


def _settings(address: Address) -> dict[str, str]:
    given = {name: text for name, text in address.options.items() if "." in name}
    if held := sorted(_OURS & given.keys()):
        raise SettingsError(f"{address}: Ergate sets {held[0]} itself; the promise rests on it.")
    user, colon, password = address.authority.rpartition("@")[0].partition(":")
    log_in: dict[str, str] = {}
    if user:
        # A password never travels in the clear unless the address says so.
        log_in = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"}
        log_in["sasl.username"] = unquote(user)
        if colon:
            log_in["sasl.password"] = unquote(password)
    return {"bootstrap.servers": _brokers(address)} | log_in | given


def _brokers(address: Address) -> str:
    hosts = address.authority.rpartition("@")[2] or "localhost"
    return ",".join(
        host if re.search(r":\d+$", host) else f"{host or 'localhost'}:{DEFAULT_PORT}"
        for host in hosts.split(",")
    )
