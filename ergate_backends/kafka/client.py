"""The client library as we use it: its settings, its log, and its errors as ours."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from ergate.contracts.redaction import redact
from ergate.errors import BackendError, BackendUnavailable, PayloadError, SettingsError
from ergate_backends.kafka.address import Place

log = logging.getLogger("ergate")
library_log = logging.getLogger("ergate.kafka")
"""What the client library writes: connections that broke, brokers that went and came."""


def _calm(record: logging.LogRecord) -> bool:
    """Let through what our own errors do not tell as well: each try to connect is a line."""
    told = record.getMessage().startswith(("FAIL", "ERROR", "GETPID", "REQTMOUT"))
    return record.levelno >= logging.ERROR and not told


library_log.addFilter(_calm)

ANSWER_TIMEOUT_S = 5.0
"""No call blocks much longer: what a cut cable swallowed is taken for lost after this time."""
TOPIC_MISSING = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_TOPIC_ID,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001  the client library names its own codes like this
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
    }
)
NOT_YET = TOPIC_MISSING | {
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
}
"""What is said of a topic for a moment after it was made."""
_REFUSED = frozenset(
    {
        KafkaError._AUTHENTICATION,  # noqa: SLF001
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.ILLEGAL_SASL_STATE,
        KafkaError._SSL,  # noqa: SLF001
    }
)
_FORBIDDEN = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
_ALL_DOWN = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001
_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE})
_WRONG = frozenset(
    {
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.INVALID_CONFIG,
        KafkaError.INVALID_PARTITIONS,
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.POLICY_VIOLATION,
        KafkaError.UNSUPPORTED_VERSION,
    }
)
"""Answers that are the same the next time."""


class Ear:
    """Hears what a client of the library tells about its connections; used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: KafkaError | None = None
        self._is_down = False

    def __call__(self, error: KafkaError) -> None:
        """Note an error; the library calls this."""
        with self._lock:
            if error.code() == _ALL_DOWN:
                self._is_down = True
            elif self._last is None or self._last.code() not in _REFUSED:
                self._last = error

    @property
    def is_down(self) -> bool:
        """Whether no broker could be reached when the library last said so."""
        return self._is_down

    @property
    def last(self) -> KafkaError | None:
        """The most telling error since all was well."""
        return self._last

    def all_is_well(self) -> None:
        """Note that the cluster has answered."""
        with self._lock:
            self._last, self._is_down = None, False


def settings(place: Place, ear: Ear, **own: object) -> dict[str, Any]:
    """Return what a client is made with; names in `own` have underscores for dots.

    What the address says comes before what we would choose.
    """
    chosen: dict[str, Any] = {
        "client.id": "ergate",
        "socket.timeout.ms": int(ANSWER_TIMEOUT_S * 1000),
        "socket.connection.setup.timeout.ms": int(ANSWER_TIMEOUT_S * 1000),
        "socket.keepalive.enable": True,
        "api.version.request.timeout.ms": 3000,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        # A setting for consumers in a producer is no news to anybody.
        "log_level": 5,
    }
    chosen |= {name.replace("_", "."): value for name, value in own.items()}
    return chosen | dict(place.settings) | {"error_cb": ear, "logger": library_log}


def of_group(place: Place) -> dict[str, object]:
    """Return how a consumer belongs to the group of all workers."""
    own: dict[str, object] = {
        "group_id": place.group,
        "enable_auto_commit": False,
        "enable_auto_offset_store": False,
        "auto_offset_reset": "earliest",
        "allow_auto_create_topics": False,
    }
    if place.settings.get("group.protocol", "classic") == "classic":
        # With the newer protocol these are settings of the server.
        own |= {
            "partition_assignment_strategy": "cooperative-sticky",
            "session_timeout_ms": 6000,
            "heartbeat_interval_ms": 300,
        }
    return own


@contextmanager
def translated(place: Place, ear: Ear | None = None) -> Iterator[None]:
    """Translate what the client library raises; the cause is kept, and no secret is told."""
    try:
        yield
    except KafkaException as exc:
        error = exc.args[0]
        if not isinstance(error, KafkaError):
            raise BackendError(f"Kafka at {place.address}: {redact(str(exc))}") from exc
        raise as_ours(place, error, ear) from exc


def as_ours(
    place: Place, error: KafkaError, ear: Ear | None = None
) -> BackendError | SettingsError | PayloadError:
    """Return the error of ours that says what the library's error says."""
    heard = ear.last if ear is not None else None
    if heard is not None and heard.code() in _REFUSED:
        error = heard
    code, why = error.code(), redact(error.str()).rstrip(".")
    if code in _REFUSED:
        return BackendUnavailable(
            f"Kafka at {place.address} did not let us in: {why}. Look at the user, the password, "
            "security.protocol, sasl.mechanism and the certificates in the address."
        )
    if code in _FORBIDDEN:
        return BackendError(
            f"Kafka at {place.address} does not allow it: {why}. "
            "The page on operating Kafka lists the rights that a worker needs."
        )
    if code == KafkaError._INVALID_ARG:  # noqa: SLF001
        return SettingsError(f"{place.address}: {why}.")
    if code in _TOO_LARGE:
        return PayloadError(
            f"Kafka at {place.address} refused it: {why}. Keep large data elsewhere and pass a "
            "reference, or raise max.message.bytes of the topic."
        )
    if code in _WRONG:
        return BackendError(f"Kafka at {place.address} refused it: {why}. See `ergate doctor`.")
    more = f" ({redact(heard.str())})" if heard is not None and heard.code() != code else ""
    return BackendUnavailable(
        f"Kafka at {place.address} cannot be used now: {why}{more}. "
        "Is it running, and is the address right?"
    )
