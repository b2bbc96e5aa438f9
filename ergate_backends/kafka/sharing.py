"""The polling thread's work in a share group: the broker hands out messages one by one.

A share group does not divide partitions, so no message waits behind a busy worker. What it hands
out must be accepted within 30 seconds, and all of one round before the next.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import AcknowledgeType, Message, ShareConsumer

from ergate.contracts.queue import Delivery
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.arrivals import Handle, identity_of
from ergate_backends.kafka.client import ANSWER_TIMEOUT_S, Ear, as_ours, log, settings, translated
from ergate_backends.kafka.membership import Membership
from ergate_backends.kafka.partition import Partition
from ergate_backends.kafka.topics import LARGEST_MESSAGE, Topics

POLL_S = 0.1
LOCK_S = 20.0
"""How long a round may last: the broker's lock ends after 30 s, and cannot be renewed."""
ROUND = 100
"""About how many messages one round has."""
FIRST_S = 6.0
"""How long it takes at most until a broker of default settings lets a member have messages."""


@dataclass
class _Round:
    """What one poll brought."""

    ends: float
    parts: dict[tuple[str, int], Partition] = field(default_factory=dict)
    messages: list[tuple[Message, Handle]] = field(default_factory=list)
    strangers: list[Message] = field(default_factory=list)
    """Messages of a queue that nobody asks for any more."""

    @property
    def is_open(self) -> bool:
        """Whether the broker waits for our word on a message."""
        return bool(self.messages or self.strangers)

    @property
    def in_hand(self) -> int:
        """How many messages are in somebody's hands."""
        return sum(part.in_hand for part in self.parts.values())

    @property
    def is_done(self) -> bool:
        """Whether every message is settled."""
        return not any(handle.partition.holds(handle.offset) for _, handle in self.messages)


class SharePoller:
    """Owns the share consumer; every method but `holds` is called by the polling thread alone."""

    def __init__(self, place: Place, topics: Topics, shared: Membership) -> None:
        self._place = place
        self._topics = topics
        self._shared = shared
        self._ear = Ear()
        self._queues: dict[str, str] = {}
        self._consumer: ShareConsumer | None = None
        self._round = _Round(0.0)
        self._shared.join_s = FIRST_S

    def holds(self, handle: Handle) -> bool:
        """Whether a delivery can still be settled."""
        part = handle.partition
        mine = self._round.parts.get((part.topic, part.number)) is part
        return mine and part.holds(handle.offset)

    def turn(self) -> None:
        """Do one round: hand out what came, wait until it is settled, accept it, poll again."""
        with self._shared.changed:
            wanted = self._shared.wanted()
            if not wanted and not self._queues:
                self._shared.changed.wait(1.0)
                return
        with translated(self._place, self._ear):
            consumer = self._open()
            is_over = wanted != frozenset(self._queues.values())
            if self._round.is_open:
                self._finish(consumer, POLL_S, is_over=is_over)
            if is_over and not self._round.is_open:
                self._subscribe(consumer, wanted)
            if self._queues and not self._round.is_open:
                self._take_in(consumer.poll(POLL_S))
        self._topics.hear()

    def _open(self) -> ShareConsumer:
        if self._consumer is None:
            self._topics.read_from_the_beginning(self._place.share_group)
            own: dict[str, object] = {
                "group_id": self._place.share_group,
                "share_acknowledgement_mode": "explicit",
                "max_poll_records": ROUND,
                "fetch_message_max_bytes": LARGEST_MESSAGE,
                "fetch_wait_max_ms": 100,
            }
            self._consumer = ShareConsumer(settings(self._place, self._ear, **own))
        return self._consumer

    def _subscribe(self, consumer: ShareConsumer, wanted: frozenset[str]) -> None:
        self._topics.ensure(wanted)
        self._queues = {self._place.topic(queue): queue for queue in wanted}
        with self._shared.changed:
            self._shared.shares.clear()
        if wanted:
            consumer.subscribe(list(self._queues))
        else:
            consumer.unsubscribe()

    def _take_in(self, messages: Iterable[Message]) -> None:
        self._round = _Round(time.monotonic() + LOCK_S)
        with self._shared.changed:
            for message in messages:
                if (error := message.error()) is None:
                    self._came(message)
                elif not error.retriable():
                    raise as_ours(self._place, error, self._ear)
            if self._round.messages:
                self._ear.all_is_well()
                self._shared.trouble = None
                self._shared.changed.notify_all()

    def _came(self, message: Message) -> None:
        topic, number, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert number is not None
        assert offset is not None
        if (queue := self._queues.get(topic)) is None:
            self._round.strangers.append(message)
            return
        part = self._round.parts.setdefault((topic, number), Partition(topic, number))
        part.came(offset)
        handle = Handle(part, offset)
        self._round.messages.append((message, handle))
        self._shared.shares.setdefault(queue, 0.0)
        self._shared.arrivals.add(
            Delivery(message.value() or b"", queue, handle, identity_of(message))
        )

    def _finish(self, consumer: ShareConsumer, wait_s: float, *, is_over: bool) -> None:
        """Tell the broker what was settled, when that is all, or give back the rest in time.

        When it is over, what nobody has in hand is given back at once.
        """
        with self._shared.changed:
            if is_over:
                self._shared.arrivals.drop(lambda _: True)
            done = self._shared.changed.wait_for(
                lambda: not self._round.in_hand if is_over else self._round.is_done, wait_s
            )
            if not done and wait_s > 0 and time.monotonic() < self._round.ends:
                return
            self._shared.arrivals.drop(lambda _: True)
            ended, self._round = self._round, _Round(0.0)
        for message, handle in ended.messages:
            is_open = handle.partition.holds(handle.offset)
            consumer.acknowledge(
                message, AcknowledgeType.RELEASE if is_open else AcknowledgeType.ACCEPT
            )
        for message in ended.strangers:
            consumer.acknowledge(message, AcknowledgeType.RELEASE)
        if ended.is_open:
            for part, error in consumer.commit_sync(ANSWER_TIMEOUT_S).items():
                if error is not None:
                    # They come once more to somebody, who finds that their jobs are claimed.
                    log.warning("What was done last in %s was not accepted: %s", part.topic, error)

    def close(self) -> None:
        """Give back what is not settled, and leave the group."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with translated(self._place, self._ear):
                self._finish(consumer, 0.0, is_over=True)
                consumer.close()
