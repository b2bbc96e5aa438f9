"""The topics that are our queues: made where they lack, never changed where they exist."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.cimpl import NewTopic

from ergate.errors import BackendUnavailable
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.client import (
    ANSWER_TIMEOUT_S,
    TOPIC_MISSING,
    Ear,
    log,
    settings,
    translated,
)

T = TypeVar("T")

LARGEST_MESSAGE = 8 * 2**20
"""Larger than any job that is accepted, so that what is too large arrives and can be buried."""
TOPIC_SETTINGS = {
    "cleanup.policy": "delete",
    "retention.ms": str(7 * 24 * 3600 * 1000),
    "retention.bytes": "-1",
    "max.message.bytes": str(LARGEST_MESSAGE),
}


class Topics:
    """Asks the cluster about topics and offsets; may be used from several threads at once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._ear = Ear()
        self._lock = threading.Lock()
        self._there: set[str] = set()
        with translated(place):
            self._admin = AdminClient(settings(place, self._ear))

    def greet(self) -> None:
        """Raise `BackendUnavailable` when no broker answers."""
        try:
            with translated(self._place, self._ear):
                self._admin.list_topics(timeout=ANSWER_TIMEOUT_S)
        finally:
            self.hear()

    def hear(self) -> None:
        """Serve the client's callbacks: its log lines and errors."""
        self._admin.poll(0)

    def ensure(self, queues: Iterable[str]) -> None:
        """See to it that the topics of `queues` exist."""
        wanted = {self._place.topic(queue) for queue in queues}
        if wanted <= self._there:
            return
        with self._lock:
            missing = sorted(wanted - self._there)
            self._create([name for name, seen in self._look(missing).items() if seen is None])
            self._there |= wanted

    def forget(self, topics: Iterable[str]) -> None:
        """Look again whether topics exist, when they are needed next."""
        with self._lock:
            self._there -= set(topics)

    def ask_ids(self, topics: Sequence[str]) -> Mapping[str, Future[Any]]:
        """Ask for the ids of topics without waiting: see `id_of`."""
        with translated(self._place, self._ear):
            return dict(self._admin.describe_topics(TopicCollection(list(topics))))

    def depth(self, queue: str) -> int:
        """Return how many messages the group has not committed yet."""
        return sum(end - at for at, end in self._waiting(self._place.topic(queue)).values())

    def purge(self, queue: str) -> int:
        """Delete what waits, and return how many messages it was."""
        topic = self._place.topic(queue)
        waiting = {one: (at, end) for one, (at, end) in self._waiting(topic).items() if end > at}
        if waiting:
            ends = [TopicPartition(topic, one, end) for one, (_, end) in waiting.items()]
            with translated(self._place, self._ear):
                for done in self._admin.delete_records(ends, **_LIMIT).values():
                    self._answer(done)
        return sum(end - at for at, end in waiting.values())

    def _waiting(self, topic: str) -> dict[int, tuple[int, int]]:
        """Return for each partition where the group is and where the log ends."""
        described = self._look([topic])[topic]
        if described is None:
            return {}
        parts = [TopicPartition(topic, one.id) for one in described.partitions]
        first, last = self._offsets(parts, _FIRST), self._offsets(parts, _LAST)
        committed = self._committed(parts)
        return {one: (max(first[one], committed.get(one, 0)), end) for one, end in last.items()} | {
            one: (end, end) for one, end in last.items() if committed.get(one, 0) > end
        }

    def _offsets(self, parts: Sequence[TopicPartition], spec: OffsetSpec) -> dict[int, int]:
        with translated(self._place, self._ear):
            asked = self._admin.list_offsets(dict.fromkeys(parts, spec), **_LIMIT)
            return {part.partition: self._answer(done).offset for part, done in asked.items()}

    def _committed(self, parts: list[TopicPartition]) -> dict[int, int]:
        wish = ConsumerGroupTopicPartitions(self._place.group, parts)
        with translated(self._place, self._ear):
            (asked,) = self._admin.list_consumer_group_offsets([wish], **_LIMIT).values()
            found = self._answer(asked).topic_partitions
        return {one.partition: one.offset for one in found if one.offset >= 0}

    def _look(self, topics: Sequence[str]) -> dict[str, Any]:
        """Return what the cluster says of each topic, or None where there is none."""
        if not topics:
            return {}
        with translated(self._place, self._ear):
            asked = self._admin.describe_topics(TopicCollection(list(topics)), **_LIMIT)
            found = {name: self._answer_or_none(done) for name, done in asked.items()}
        for name, seen in found.items():
            if seen is not None and len(seen.partitions) < self._place.partitions:
                self._warn_few(name, len(seen.partitions))
        return found

    def _warn_few(self, topic: str, count: int) -> None:
        if topic not in self._there:
            log.warning(
                "The topic %s has %d partitions, and %d were asked for: so many workers can take "
                "from it at most. It is left as it is; see `ergate doctor`.",
                topic,
                count,
                self._place.partitions,
            )
            self._there.add(topic)

    def _create(self, topics: Sequence[str]) -> None:
        if not topics:
            return
        wishes = [NewTopic(name, self._place.partitions, config=TOPIC_SETTINGS) for name in topics]
        with translated(self._place, self._ear):
            for done in self._admin.create_topics(wishes, **_LIMIT).values():
                try:
                    self._answer(done)
                except KafkaException as exc:
                    # Another worker was faster.
                    if exc.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                        raise

    def _answer_or_none(self, done: Future[T]) -> T | None:
        try:
            return self._answer(done)
        except KafkaException as exc:
            if exc.args[0].code() in TOPIC_MISSING:
                return None
            raise

    def _answer(self, done: Future[T]) -> T:
        try:
            return done.result(ANSWER_TIMEOUT_S * 2)
        except TimeoutError as exc:
            raise BackendUnavailable(f"Kafka at {self._place.address} does not answer.") from exc
        finally:
            self.hear()


_FIRST = OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # the library has no type for it
_LAST = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the same
_LIMIT: dict[str, Any] = {"request_timeout": ANSWER_TIMEOUT_S}


def id_of(done: Future[Any]) -> str | None:
    """Return the id of a topic from an answer that came, or None when there is no such topic."""
    try:
        return str(done.result(0).topic_id)
    except KafkaException as exc:
        if exc.args[0].code() in TOPIC_MISSING:
            return None
        raise
