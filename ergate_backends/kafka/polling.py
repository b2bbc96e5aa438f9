"""The polling thread's work: join, take in, commit, hand back."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from ergate.contracts.queue import Delivery
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.arrivals import Handle, identity_of
from ergate_backends.kafka.client import (
    TOPIC_MISSING,
    Ear,
    as_ours,
    log,
    of_group,
    settings,
    translated,
)
from ergate_backends.kafka.membership import Membership
from ergate_backends.kafka.partition import Partition
from ergate_backends.kafka.recreation import Recreation
from ergate_backends.kafka.topics import LARGEST_MESSAGE, Topics

POLL_S = 0.1
COMMIT_EVERY_S = 0.25
SETTLE_S = 3.0
"""How long a partition that others shall have waits for what is in hand; longer than they wait
for it, so that a message in somebody's hands comes to nobody else in the usual case."""
PROBE_EVERY_S = 0.5
MANY = 2000
MANY_BYTES = 32 * 2**20
"""With so much waiting here nothing more is fetched."""
PIECE = 500

Key = tuple[str, int]


class Poller:
    """Owns the consumer; every method but `holds` is called by the polling thread alone."""

    def __init__(self, place: Place, topics: Topics, shared: Membership) -> None:
        self._place = place
        self._topics = topics
        self._shared = shared
        self._ear = Ear()
        self._owned: dict[Key, Partition] = {}
        self._queues: dict[str, str] = {}
        """The queue of each topic that is subscribed to."""
        self._consumer: Consumer | None = None
        self._recreation = Recreation(topics)
        self._paused: set[Key] = set()
        self._is_stale = False
        """Whether what we own is of topics that are gone: nothing of it may be committed."""
        self._next_commit = self._next_probe = 0.0

    def holds(self, handle: Handle) -> bool:
        """Whether a delivery can still be settled."""
        part = handle.partition
        return self._owned.get((part.topic, part.number)) is part and part.holds(handle.offset)

    # --- one round --------------------------------------------------------------------------------

    def turn(self) -> None:
        """Do one round, which takes a tenth of a second at most when all is well."""
        with self._shared.changed:
            wanted = self._shared.wanted()
            if not wanted and not self._queues:
                self._shared.changed.wait(1.0)
        consumer = self._open()
        if wanted != frozenset(self._queues.values()):
            self._subscribe(consumer, wanted)
        with translated(self._place, self._ear):
            self._throttle(consumer)
            self._take_in(self._polled(consumer))
            self._commit_if_due(consumer)
        self._look_after(consumer)

    def _open(self) -> Consumer:
        if self._consumer is None:
            with translated(self._place):
                self._consumer = Consumer(self._settings())
        return self._consumer

    def _settings(self) -> dict[str, Any]:
        own: dict[str, object] = {
            **of_group(self._place),
            "fetch_message_max_bytes": LARGEST_MESSAGE,
            # A new share waits for the end of the running fetch.
            "fetch_wait_max_ms": 100,
            "fetch_queue_backoff_ms": 20,
            "fetch_error_backoff_ms": 100,
            "queued_min_messages": MANY // 2,
            "queued_max_messages_kbytes": MANY_BYTES // 1024,
        }
        return settings(self._place, self._ear, **own) | {"on_commit": self._committed}

    def _subscribe(self, consumer: Consumer, wanted: frozenset[str]) -> None:
        self._topics.ensure(wanted)
        self._queues = {self._place.topic(queue): queue for queue in wanted}
        with self._shared.changed:
            self._shared.shares = {
                queue: since for queue, since in self._shared.shares.items() if queue in wanted
            }
            self._shared.arrivals.drop(lambda one: one.queue not in wanted)
        self._recreation.watch(self._queues)
        with translated(self._place, self._ear):
            if wanted:
                consumer.subscribe(
                    list(self._queues),
                    on_assign=self._assigned,
                    on_revoke=self._revoked,
                    on_lost=self._lost,
                )
            else:
                consumer.unsubscribe()

    def _polled(self, consumer: Consumer) -> list[Message]:
        first = consumer.poll(0.01 if self._paused else POLL_S)
        if first is None:
            return []
        # With a time limit it would wait until there are that many.
        return [first, *consumer.consume(PIECE, 0)]

    def _throttle(self, consumer: Consumer) -> None:
        """Stop fetching while much is waiting here; polling goes on."""
        waiting = self._shared.arrivals
        share = max(waiting.count / MANY, waiting.size / MANY_BYTES)
        self._paused &= self._owned.keys()
        # Partitions that came while others are paused are not paused themselves.
        if share >= 1 and (flowing := self._owned.keys() - self._paused):
            consumer.pause([TopicPartition(*key) for key in flowing])
            self._paused |= flowing
        elif share <= 1 / 4 and self._paused:
            consumer.resume([TopicPartition(*key) for key in self._paused])
            self._paused.clear()

    # --- messages ---------------------------------------------------------------------------------

    def _take_in(self, messages: Iterable[Message]) -> None:
        with self._shared.changed:
            for message in messages:
                error = message.error()
                if error is None:
                    self._came(message)
                elif error.code() in TOPIC_MISSING:
                    self._recreation.look_soon()
                elif not error.retriable():
                    raise as_ours(self._place, error, self._ear)
            if messages:
                self._well()

    def _came(self, message: Message) -> None:
        topic, number, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert number is not None
        assert offset is not None
        part = self._owned.get((topic, number))
        queue = self._queues.get(topic)
        if part is None or queue is None:
            return
        if not part.follows(offset):
            part = self._owned[topic, number] = Partition(topic, number)
        part.came(offset)
        body = message.value() or b""
        self._shared.arrivals.add(Delivery(body, queue, Handle(part, offset), identity_of(message)))

    def _well(self) -> None:
        self._ear.all_is_well()
        self._shared.trouble = None
        self._shared.changed.notify_all()

    # --- commits ----------------------------------------------------------------------------------

    def _commit_if_due(self, consumer: Consumer) -> None:
        if time.monotonic() >= self._next_commit:
            self._next_commit = time.monotonic() + COMMIT_EVERY_S
            if offsets := self._due(self._owned.values()):
                consumer.commit(offsets=offsets, asynchronous=True)

    def _due(self, parts: Iterable[Partition]) -> list[TopicPartition]:
        """Return what can be committed and is not."""
        with self._shared.changed:
            return [
                TopicPartition(part.topic, part.number, part.done)
                for part in parts
                if part.done > part.committed
            ]

    def _committed(self, error: KafkaError | None, offsets: Sequence[TopicPartition]) -> None:
        """Note what the cluster says to a commit; what failed is due again."""
        with self._shared.changed:
            for one in offsets:
                part = self._owned.get((one.topic, one.partition))
                if error is None and one.error is None and part is not None:
                    part.committed = max(part.committed, one.offset)

    def _commit_now(self, consumer: Consumer, parts: Iterable[Partition]) -> None:
        offsets = self._due(parts)
        if not offsets or self._is_stale or self._ear.is_down:
            return
        try:
            consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as exc:
            # They come once more to somebody, who finds that their jobs are claimed.
            log.warning("What was done last could not be committed to Kafka: %s", exc)

    # --- shares -----------------------------------------------------------------------------------

    def _assigned(self, consumer: Consumer, parts: Sequence[TopicPartition]) -> None:
        fresh = [one for one in parts if self._recreation.is_fresh(one.topic)]
        for one in fresh:
            one.offset = OFFSET_BEGINNING
        consumer.incremental_assign(list(parts))
        # The library remembers that a partition was paused when it was ours before.
        consumer.resume(list(parts))
        if fresh:
            anew = [TopicPartition(one.topic, one.partition, 0) for one in fresh]
            consumer.commit(offsets=anew, asynchronous=True)
        with self._shared.changed:
            for one in parts:
                self._owned[one.topic, one.partition] = Partition(one.topic, one.partition)
                if (queue := self._queues.get(one.topic)) is not None:
                    self._shared.shares[queue] = time.monotonic()
            if parts:
                self._well()

    def _revoked(self, consumer: Consumer, parts: Sequence[TopicPartition]) -> None:
        leaving = self._leaving(parts)
        with self._shared.changed:
            self._drop(leaving)
            # What is in hand is settled in a moment; else others would get it, too.
            self._shared.changed.wait_for(
                lambda: self._shared.is_closing or not any(part.in_hand for part in leaving),
                0 if self._is_stale else SETTLE_S,
            )
        self._commit_now(consumer, leaving)
        self._forget(leaving)

    def _lost(self, _consumer: Consumer, parts: Sequence[TopicPartition]) -> None:
        """Let go of partitions that others have already."""
        leaving = self._leaving(parts)
        with self._shared.changed:
            self._drop(leaving)
        self._forget(leaving)

    def _leaving(self, parts: Sequence[TopicPartition]) -> list[Partition]:
        keys = [(one.topic, one.partition) for one in parts]
        return [self._owned[key] for key in keys if key in self._owned]

    def _drop(self, leaving: Sequence[Partition]) -> None:
        gone = {id(part) for part in leaving}
        self._shared.arrivals.drop(
            lambda one: isinstance(one.handle, Handle) and id(one.handle.partition) in gone
        )

    def _forget(self, leaving: Sequence[Partition]) -> None:
        with self._shared.changed:
            for part in leaving:
                self._owned.pop((part.topic, part.number), None)
            topics = {topic for topic, _ in self._owned}
            for topic, queue in self._queues.items():
                if topic not in topics:
                    self._shared.shares.pop(queue, None)

    # --- trouble ----------------------------------------------------------------------------------

    def _look_after(self, consumer: Consumer) -> None:
        """Notice that the cluster is gone or back, and that a topic was made anew."""
        self._topics.hear()
        now = time.monotonic()
        if (self._ear.is_down or self._shared.trouble) and now >= self._next_probe:
            self._next_probe = now + PROBE_EVERY_S
            self._probe(consumer)
        if self._recreation.happened():
            log.warning("A topic was made anew: it is read from its beginning.")
            self._renew()

    def _probe(self, consumer: Consumer) -> None:
        try:
            consumer.list_topics(next(iter(self._queues), ""), timeout=PROBE_EVERY_S)
        except KafkaException as exc:
            if self._queues:
                raise as_ours(self._place, exc.args[0], self._ear) from exc
        else:
            with self._shared.changed:
                self._well()

    def _renew(self) -> None:
        """Begin with a new consumer: this one would go on where the old log ended."""
        self._is_stale = True
        self.close()
        self._is_stale = False
        self._topics.forget(self._queues)
        self._queues = {}

    def close(self) -> None:
        """Commit, leave the group, and let go of the connections."""
        consumer, self._consumer = self._consumer, None
        if consumer is None:
            return
        with translated(self._place, self._ear):
            consumer.close()
        with self._shared.changed:
            self._shared.arrivals.drop(lambda _: True)
            self._owned.clear()
            self._shared.shares.clear()
