"""The topics that are our queues: made where they lack, never changed where they exist."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.cimpl import NewTopic

from ergate_backends.kafka.address import Place
from ergate_backends.kafka.asking import Asker
from ergate_backends.kafka.client import (
    ANSWER_TIMEOUT_S,
    TOPIC_MISSING,
    Ear,
    log,
    settings,
    translated,
)

LARGEST_MESSAGE = 8 * 2**20
"""Larger than any job that is accepted, so that what is too large arrives and can be buried."""
TOPIC_SETTINGS = {
    "cleanup.policy": "delete",
    "retention.ms": str(7 * 24 * 3600 * 1000),
    "retention.bytes": "-1",
    "max.message.bytes": str(LARGEST_MESSAGE),
}


class Topics:
    """Makes and watches topics; may be used from several threads at once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._ear = Ear()
        self._lock = threading.Lock()
        self._there: set[str] = set()
        self._asker = Asker(place)
        with translated(place):
            self._admin = AdminClient(settings(place, self._ear))

    def greet(self) -> None:
        """Raise `BackendUnavailable` when no broker answers."""
        self._asker.greet()

    def hear(self) -> None:
        """Serve the client's callbacks: its log lines and errors."""
        self._admin.poll(0)

    def ensure(self, queues: Iterable[str]) -> None:
        """See to it that the topics of `queues` exist."""
        wanted = {self._place.topic(queue) for queue in queues}
        if wanted <= self._there:
            return
        with self._lock:
            self._look(wanted)

    def ensure_again(self, topics: Iterable[str]) -> None:
        """See to it that topics exist which did not when somebody needed them."""
        wanted = set(topics)
        with self._lock:
            self._there -= wanted
            self._look(wanted)

    def forget(self, topics: Iterable[str]) -> None:
        """Look again whether topics exist, when they are needed next."""
        with self._lock:
            self._there -= set(topics)

    def _look(self, wanted: set[str]) -> None:
        for topic in sorted(wanted - self._there):
            count = self._asker.partitions(topic)
            if count is None:
                self._create(topic)
            elif count < self._place.partitions:
                log.warning(_FEW, topic, count, self._place.partitions)
            self._there.add(topic)

    def ask_ids(self, topics: Sequence[str]) -> Mapping[str, Future[Any]]:
        """Ask for the ids of topics without waiting: see `id_of`."""
        with translated(self._place, self._ear):
            return dict(self._admin.describe_topics(TopicCollection(list(topics)), **_LIMIT))

    def depth(self, queue: str) -> int:
        """Return how many messages the group has not committed yet."""
        return sum(end - at for at, end in self._asker.waiting(self._place.topic(queue)).values())

    def purge(self, queue: str) -> int:
        """Delete what waits, and return how many messages it was."""
        topic = self._place.topic(queue)
        waiting = {
            number: (at, end)
            for number, (at, end) in self._asker.waiting(topic).items()
            if end > at
        }
        if waiting:
            ends = [TopicPartition(topic, number, end) for number, (_, end) in waiting.items()]
            self._wait_for(self._admin.delete_records(ends, **_LIMIT).values())
        return sum(end - at for at, end in waiting.values())

    def read_from_the_beginning(self, share_group: str) -> None:
        """Let a new share group begin with the oldest messages, not the newest."""
        earliest = ConfigEntry(
            "share.auto.offset.reset", "earliest", incremental_operation=AlterConfigOpType.SET
        )
        wish = ConfigResource(
            ConfigResource.Type.GROUP, share_group, incremental_configs=[earliest]
        )
        self._wait_for(self._admin.incremental_alter_configs([wish], **_LIMIT).values())

    def _create(self, topic: str) -> None:
        wish = NewTopic(topic, self._place.partitions, config=TOPIC_SETTINGS)
        with translated(self._place, self._ear):
            for done in self._admin.create_topics([wish], **_LIMIT).values():
                try:
                    done.result(ANSWER_TIMEOUT_S * 2)
                except KafkaException as exc:
                    # Another worker was faster.
                    if exc.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                        raise

    def _wait_for(self, asked: Iterable[Future[Any]]) -> None:
        with translated(self._place, self._ear):
            for done in asked:
                done.result(ANSWER_TIMEOUT_S * 2)

    def close(self) -> None:
        """Let go of the connections."""
        self._asker.close()


_FEW = (
    "The topic %s has %d partitions, and %d were asked for: so many workers can take from it at "
    "most. It is left as it is; see `ergate doctor`."
)
_LIMIT: dict[str, Any] = {"request_timeout": ANSWER_TIMEOUT_S}


def id_of(done: Future[Any]) -> str | None:
    """Return the id of a topic from an answer that came, or None when there is no such topic.

    Raises `KafkaException` when the cluster did not say.
    """
    try:
        return str(done.result(0).topic_id)
    except KafkaException as exc:
        if exc.args[0].code() in TOPIC_MISSING:
            return None
        raise
