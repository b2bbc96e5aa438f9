"""Questions to the cluster that workers ask again and again, whether it is there or not.

They go through a consumer that subscribes to nothing. The admin client ends the whole process
when a coordinator goes away in the middle of such a question: confluentinc/librdkafka#4605.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaException,
    TopicPartition,
)

from ergate.clock import Clock, SystemClock
from ergate.errors import BackendUnavailable
from ergate.jobs.retry import backoff_s
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.client import (
    ANSWER_TIMEOUT_S,
    NOT_YET,
    TOPIC_MISSING,
    Ear,
    as_ours,
    of_group,
    settings,
    translated,
)

LOOK_TIMEOUT_S = 1.5
"""How long a look at what waits may take: the supervisor looks, and must not miss a heartbeat."""
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.05, 0.4
REST_S = 1.0
"""For so long nobody asks again after there was no answer."""


class Asker:
    """Asks one question after the other; may be used from several threads."""

    def __init__(
        self,
        place: Place,
        *,
        client: type[Consumer] = Consumer,
        clock: Clock | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._place = place
        self._clock = clock or SystemClock()
        self._pause = pause
        self._ear = Ear()
        self._lock = threading.Lock()
        self._rests_until = 0.0
        with translated(place):
            self._consumer = client(settings(place, self._ear, **of_group(place)))

    def greet(self) -> None:
        """Raise `BackendUnavailable` when no broker answers."""
        with self._lock, translated(self._place, self._ear):
            try:
                self._consumer.list_topics(timeout=ANSWER_TIMEOUT_S)
            finally:
                self._hear()

    def partitions(self, topic: str, timeout_s: float = ANSWER_TIMEOUT_S) -> int | None:
        """Return how many partitions a topic has, or None when there is no such topic."""
        with self._lock, translated(self._place, self._ear):
            found = self._consumer.list_topics(topic, timeout=timeout_s).topics[topic]
            self._hear()
        if found.error is None:
            return len(found.partitions)
        if found.error.code() in TOPIC_MISSING:
            return None
        raise as_ours(self._place, found.error, self._ear)

    def waiting(self, topic: str) -> dict[int, tuple[int, int]]:
        """Return for each partition where the group is and where the log ends."""
        if self._clock.monotonic() < self._rests_until:
            raise BackendUnavailable(f"Kafka at {self._place.address} did not answer just now.")
        try:
            return self._waiting(topic)
        except BackendUnavailable:
            self._rests_until = self._clock.monotonic() + REST_S
            raise

    def _waiting(self, topic: str) -> dict[int, tuple[int, int]]:
        """Look until a topic that was made just now is known everywhere, or the time is up."""
        deadline = self._clock.monotonic() + LOOK_TIMEOUT_S
        attempt = 1
        with translated(self._place, self._ear):
            while True:
                try:
                    return self._seen(topic)
                except KafkaException as exc:
                    pause_s = backoff_s(attempt, BACKOFF_FIRST_S, 2.0, BACKOFF_MAX_S)
                    pause_s *= random.uniform(0.5, 1.0)
                    is_over = self._clock.monotonic() + pause_s > deadline
                    if is_over or exc.args[0].code() not in NOT_YET:
                        raise
                self._pause(pause_s)
                attempt += 1

    def _seen(self, topic: str) -> dict[int, tuple[int, int]]:
        known = self.partitions(topic, LOOK_TIMEOUT_S)
        if known is None:
            return {}
        numbers = range(known)
        with self._lock:
            first = self._offsets(topic, numbers, OFFSET_BEGINNING)
            last = self._offsets(topic, numbers, OFFSET_END)
            parts = [TopicPartition(topic, number) for number in numbers]
            found = self._consumer.committed(parts, timeout=LOOK_TIMEOUT_S)
            committed = {one.partition: one.offset for one in found}
            self._hear()
        # Beyond the end the offset is of a topic of the same name that is gone.
        return {
            number: (
                committed[number]
                if first[number] <= committed[number] <= last[number]
                else first[number],
                last[number],
            )
            for number in numbers
        }

    def _offsets(self, topic: str, numbers: Sequence[int], which: int) -> dict[int, int]:
        """Ask for all partitions at once, as for a moment that stands for begin or end."""
        parts = [TopicPartition(topic, number, which) for number in numbers]
        found = self._consumer.offsets_for_times(parts, timeout=LOOK_TIMEOUT_S)
        for one in found:
            if one.error is not None:
                raise KafkaException(one.error)
        return {one.partition: max(0, one.offset) for one in found}

    def _hear(self) -> None:
        """Serve the client's log lines and errors; nothing is subscribed to."""
        self._consumer.poll(0)

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            self._consumer.close()
