"""Publishing: a batch goes out together, and returns when every message of it is confirmed."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Producer

from ergate.errors import BackendUnavailable
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.client import (
    ANSWER_TIMEOUT_S,
    TOPIC_MISSING,
    Ear,
    as_ours,
    settings,
    translated,
)
from ergate_backends.kafka.topics import LARGEST_MESSAGE

CONFIRM_S = ANSWER_TIMEOUT_S
_OUT_OF_STEP = frozenset(
    {
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        KafkaError.UNKNOWN_PRODUCER_ID,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError._FATAL,  # noqa: SLF001  the client library names its own codes like this
        KafkaError._INCONSISTENT,  # noqa: SLF001
    }
)
"""The broker does not know this producer any more, as after its topic was made anew."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is written to a topic."""

    topic: str
    key: bytes
    body: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class _Batch:
    """The records of one call, until each is confirmed or has failed."""

    def __init__(self) -> None:
        self.left = 0
        self.failed: list[tuple[Record, KafkaError]] = []

    def send(self, producer: Producer, record: Record) -> None:
        def told(error: KafkaError | None, _message: object) -> None:
            self.left -= 1
            if error is not None:
                self.failed.append((record, error))

        self.left += 1
        while True:
            try:
                producer.produce(
                    record.topic,
                    record.body,
                    record.key,
                    headers=list(record.headers),
                    on_delivery=told,
                )
                return
            except BufferError:  # full of what others send
                producer.poll(0.01)
            except KafkaException as exc:
                told(exc.args[0], None)
                return


class Publisher:
    """An idempotent producer that waits for all replicas in sync; thread-safe."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._ear = Ear()
        self._lock = threading.Lock()
        self._producer: Producer | None = None

    def warm_up(self) -> None:
        """Connect, and get the producer's number, before the first outcome waits for it."""
        self._open().poll(0)

    def publish(self, records: Sequence[Record]) -> list[Record]:
        """Write records and return when the cluster has confirmed all of them.

        Returns those whose topic is not there. Raises `BackendUnavailable` when any of the others
        is not confirmed in time; it may or may not be there.
        """
        failed = self._sent(records)
        if any(error.code() in _OUT_OF_STEP for _, error in failed):
            self.renew()
            failed = self._sent([record for record, _ in failed])
        for _, error in failed:
            if error.code() not in TOPIC_MISSING:
                raise as_ours(self._place, error, self._ear)
        return [record for record, _ in failed]

    def _sent(self, records: Sequence[Record]) -> list[tuple[Record, KafkaError]]:
        producer, batch = self._open(), _Batch()
        for record in records:
            batch.send(producer, record)
        deadline = time.monotonic() + CONFIRM_S * 2
        while batch.left > 0:
            # Unlike poll, flush sends at once what would wait for company.
            producer.flush(0.5)
            if time.monotonic() > deadline:
                self.renew()
                raise BackendUnavailable(f"Kafka at {self._place.address} confirms nothing.")
        if not batch.failed:
            self._ear.all_is_well()
        return batch.failed

    def _open(self) -> Producer:
        with self._lock, translated(self._place):
            if self._producer is None:
                own: dict[str, object] = {
                    "enable_idempotence": True,
                    "acks": "all",
                    "message_timeout_ms": int(CONFIRM_S * 1000),
                    "message_max_bytes": LARGEST_MESSAGE,
                    "linger_ms": 5,
                    # How long a topic that is not there may still be on its way to the brokers.
                    "topic_metadata_propagation_max_ms": 1500,
                }
                self._producer = Producer(settings(self._place, self._ear, **own))
            return self._producer

    def renew(self) -> None:
        """Begin with a new producer, as after a topic was made anew: this one has its own idea."""
        with self._lock:
            self._producer = None

    def close(self) -> None:
        """Let go of the connections; nothing is waiting, as every call waits for its own."""
        with self._lock:
            self._producer = None
