"""Publishing: a batch goes out together, and returns when every message of it is confirmed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from confluent_kafka import KafkaError, KafkaException, Producer

from ergate.clock import Clock, SystemClock
from ergate.errors import BackendUnavailable
from ergate.jobs.retry import backoff_s
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
PUBLISH_S = 2 * CONFIRM_S
"""How long a call tries: what failed for a while is written again within this time."""
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.05, 1.0
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
_LET_GO = frozenset(
    {
        KafkaError._DESTROY,  # noqa: SLF001
        KafkaError._DESTROY_BROKER,  # noqa: SLF001
    }
)
"""The client library threw away the partition or the connection that a record was queued for. It
does so when a topic is deleted: a record that is about to be sent again just then gets no better
answer."""
_TIMED_OUT = KafkaError._MSG_TIMED_OUT  # noqa: SLF001
_PASSING = TOPIC_MISSING | _OUT_OF_STEP | _LET_GO
"""What may be otherwise a moment later, with a new producer. Other trouble that passes is tried
again by the client library itself until `CONFIRM_S` is over."""


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
        self.failed: dict[int, KafkaError] = {}
        """Why a record is not confirmed, by its place among the records."""

    def send(self, producer: Producer, place: int, record: Record) -> None:
        def told(error: KafkaError | None, _message: object) -> None:
            self.left -= 1
            if error is not None:
                self.failed[place] = error

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
    """An idempotent producer that waits for all replicas in sync; thread-safe.

    `make_topics` sees to it that topics are there of which a broker says that they are not.
    """

    def __init__(
        self,
        place: Place,
        make_topics: Callable[[set[str]], None],
        *,
        client: type[Producer] = Producer,
        clock: Clock | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._place = place
        self._make_topics = make_topics
        self._client = client
        self._clock = clock or SystemClock()
        self._pause = pause
        self._ear = Ear()
        self._lock = threading.Lock()
        self._producer: Producer | None = None

    def warm_up(self) -> None:
        """Connect, and get the producer's number, before the first outcome waits for it."""
        self._open().poll(0)

    def publish(self, records: Sequence[Record]) -> None:
        """Write records and return when the cluster has confirmed all of them.

        What failed for a while, as when somebody deletes a topic, is written again, and then it
        may be there twice. Raises `BackendUnavailable` when a record is not confirmed in time, and
        what `as_ours` says for one that is refused; any of them may or may not be there.
        """
        deadline = self._clock.monotonic() + PUBLISH_S
        for attempt in count(1):
            producer = self._open()
            failed = self._sent(producer, records, deadline)
            if not failed:
                self._ear.all_is_well()
                return
            self._check_passing(failed, is_alive=len(failed) < len(records))
            # This one has its own idea of topics that are not what they were.
            self._retire(producer)
            self._wait_before_next(attempt, records, failed, deadline)
            if missing := {
                records[place].topic
                for place, error in failed.items()
                if error.code() in TOPIC_MISSING
            }:
                self._make_topics(missing)
            records = _again(records, failed)

    def _sent(
        self, producer: Producer, records: Sequence[Record], deadline: float
    ) -> Mapping[int, KafkaError]:
        batch = _Batch()
        for place, record in enumerate(records):
            batch.send(producer, place, record)
        while batch.left > 0:
            # Unlike poll, flush sends at once what would wait for company.
            producer.flush(0.5)
            if batch.left > 0 and self._clock.monotonic() > deadline:
                self._retire(producer)
                raise BackendUnavailable(f"Kafka at {self._place.address} confirms nothing.")
        return batch.failed

    def _check_passing(self, failed: Mapping[int, KafkaError], *, is_alive: bool) -> None:
        """Raise what will not be otherwise; a cluster that confirms something is only slow."""
        for error in failed.values():
            if error.code() not in _PASSING and not (is_alive and error.code() == _TIMED_OUT):
                raise as_ours(self._place, error, self._ear)

    def _wait_before_next(
        self,
        attempt: int,
        records: Sequence[Record],
        failed: Mapping[int, KafkaError],
        deadline: float,
    ) -> None:
        """Wait a little. Raises what is wrong when the time is up."""
        pause_s = backoff_s(attempt, BACKOFF_FIRST_S, 2.0, BACKOFF_MAX_S) * random.uniform(0.5, 1.0)
        if self._clock.monotonic() + pause_s > deadline:
            place, error = next(iter(failed.items()))
            if error.code() in TOPIC_MISSING:
                raise BackendUnavailable(
                    f"Kafka at {self._place.address} has no topic {records[place].topic} yet."
                )
            raise as_ours(self._place, error, self._ear)
        self._pause(pause_s)

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
                self._producer = self._client(settings(self._place, self._ear, **own))
            return self._producer

    def _retire(self, producer: Producer) -> None:
        """Begin with a new producer next time; calls that wait for this one keep it."""
        with self._lock:
            if self._producer is producer:
                self._producer = None

    def close(self) -> None:
        """Let go of the connections; nothing is waiting, as every call waits for its own."""
        with self._lock:
            self._producer = None


def _again(records: Sequence[Record], failed: Mapping[int, KafkaError]) -> list[Record]:
    """Return what is to be written again: also what came after a failed record of its key.

    Or the failed one would come after it, and in a compacted topic the last one is the truth.
    """
    behind: set[tuple[str, bytes]] = set()
    again: list[Record] = []
    for place, record in enumerate(records):
        key = (record.topic, record.key)
        if place in failed or key in behind:
            behind.add(key)
            again.append(record)
    return again
