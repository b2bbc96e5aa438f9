"""A journal in a topic, keyed by the job's id: compacted for jobs, growing for events."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # it is there

from ergate.contracts.address import Address
from ergate.contracts.capabilities import Level
from ergate.contracts.journal import Entry, Journal, JournalKind
from ergate.contracts.retention import Retention
from ergate.errors import BackendUnavailable, PayloadError
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.client import (
    ANSWER_TIMEOUT_S,
    NOT_YET,
    TOPIC_MISSING,
    Ear,
    as_ours,
    settings,
    translated,
)
from ergate_backends.kafka.producing import Publisher, Record
from ergate_backends.kafka.topics import LARGEST_MESSAGE

ROOM = 1024
"""Bytes of a message beside its key and its value."""
APPEAR_S = 10.0
"""How long a topic that was made just now may stay unknown."""
STALLED_S = 15.0
"""A reading that brings nothing for so long is given up."""
PIECE = 1000
PIECE_S = 0.02
"""The client library waits so long for a piece to become full."""


class KafkaJournal(Journal):
    """The topic `<prefix>.<kind>`, made at first use and kept as it is afterwards."""

    # Confirmed is what the replicas in sync have in memory; Kafka syncs its disk later.
    level = Level.L1

    def __init__(self, address: Address, kind: JournalKind) -> None:
        self._place = Place.of(address)
        self._topic = f"{self._place.prefix}.{kind}"
        self._config = _config(kind, Retention.of(address))
        self._publisher = Publisher(self._place, self._ensure_again)
        self._is_there = False

    def append(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        records = [self._record(entry) for entry in entries]
        self._ensure()
        self._publisher.publish(records)

    def _record(self, entry: Entry) -> Record:
        size = len(entry.body) + len(entry.key) + ROOM
        if size > LARGEST_MESSAGE:
            raise PayloadError(
                f"An entry of {len(entry.body):,} bytes is too large for Kafka: the topic "
                f"{self._topic} takes {LARGEST_MESSAGE:,}."
            )
        # A body that is absent is what compaction takes for "this key is gone".
        return Record(self._topic, entry.key.encode(), entry.body or None)

    def read(self) -> Iterator[Entry]:
        self._ensure()
        reading = _Reading(self._place, self._topic)
        try:
            yield from reading.entries()
        finally:
            reading.close()

    def close(self) -> None:
        self._publisher.close()

    # --- the topic ------------------------------------------------------------------------------

    def _ensure(self) -> None:
        """See to it that the topic exists; one that exists is left as it is."""
        if self._is_there:
            return
        ear = Ear()
        with translated(self._place, ear):
            admin = AdminClient(settings(self._place, ear))
            if not _knows(admin, self._topic):
                self._create(admin)
        self._is_there = True

    def _ensure_again(self, _topics: set[str]) -> None:
        """Make the topic that somebody deleted."""
        self._is_there = False
        self._ensure()

    def _create(self, admin: AdminClient) -> None:
        wish = NewTopic(self._topic, self._place.partitions, config=self._config)
        (done,) = admin.create_topics([wish], request_timeout=ANSWER_TIMEOUT_S).values()
        try:
            done.result(ANSWER_TIMEOUT_S * 2)
        except TimeoutError as exc:
            raise BackendUnavailable(f"Kafka at {self._place.address} does not answer.") from exc
        except KafkaException as exc:  # another one was faster
            if exc.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        deadline = time.monotonic() + APPEAR_S
        while not _knows(admin, self._topic):
            if time.monotonic() > deadline:
                raise BackendUnavailable(
                    f"Kafka at {self._place.address} has not made the topic {self._topic} yet."
                )
            time.sleep(0.05)


class _Reading:
    """One reading of every partition, from its beginning to the end that it has now."""

    def __init__(self, place: Place, topic: str) -> None:
        self._place = place
        self._topic = topic
        self._ear = Ear()
        own: dict[str, object] = {
            "group_id": place.group,  # required, and not joined
            "enable_auto_commit": False,
            "allow_auto_create_topics": False,
            "enable_partition_eof": True,
            "fetch_message_max_bytes": LARGEST_MESSAGE,
            "fetch_wait_max_ms": 50,
        }
        with translated(place):
            self._consumer = Consumer(settings(place, self._ear, **own))

    def entries(self) -> Iterator[Entry]:
        """Yield the entries; raises `BackendUnavailable` when nothing comes for a while."""
        with translated(self._place, self._ear):
            ends = self._ends()
        seen = time.monotonic()
        while ends:
            with translated(self._place, self._ear):
                messages = self._consumer.consume(PIECE, PIECE_S)
            if messages:
                seen = time.monotonic()
            elif time.monotonic() - seen > STALLED_S:
                raise BackendUnavailable(f"Kafka at {self._place.address} sends nothing more.")
            for message in messages:
                number, error = message.partition() or 0, message.error()
                left = ends.get(number, 0) - (message.offset() or 0)
                if error is not None:
                    self._check(error)
                elif left > 0:
                    yield _entry(message)
                if error is not None or left <= 1:
                    ends.pop(number, None)

    def _ends(self) -> dict[int, int]:
        """Assign every partition that holds something, and return where each ends."""
        deadline = time.monotonic() + APPEAR_S
        while True:
            try:
                ends = self._found_ends()
                break
            except KafkaException as exc:
                # A topic that was made just now has no leaders for a moment.
                if exc.args[0].code() not in NOT_YET or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self._consumer.assign([TopicPartition(self._topic, n, OFFSET_BEGINNING) for n in ends])
        return ends

    def _found_ends(self) -> dict[int, int]:
        known = self._consumer.list_topics(self._topic, timeout=ANSWER_TIMEOUT_S)
        ends: dict[int, int] = {}
        for number in known.topics[self._topic].partitions:
            low, high = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, number), timeout=ANSWER_TIMEOUT_S
            )
            if high > low:
                ends[number] = high
        return ends

    def _check(self, error: KafkaError) -> None:
        # The end can come without the last entry: compaction has dropped it.
        if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  the library's own name
            raise as_ours(self._place, error, self._ear)

    def close(self) -> None:
        """Let go of the connections."""
        with suppress(KafkaException, RuntimeError):
            self._consumer.close()


def _knows(admin: AdminClient, topic: str) -> bool:
    # To list a topic could make it, with a broker's own settings.
    (done,) = admin.describe_topics(
        TopicCollection([topic]), request_timeout=ANSWER_TIMEOUT_S
    ).values()
    try:
        done.result(ANSWER_TIMEOUT_S * 2)
    except KafkaException as exc:
        if exc.args[0].code() in TOPIC_MISSING:
            return False
        raise
    return True


def _config(kind: JournalKind, retention: Retention) -> dict[str, str]:
    is_jobs = kind is JournalKind.JOBS
    age_s, size = retention.max_age_s, retention.max_bytes
    # Of jobs only those may go whose last entry is old; without a limit, none.
    policy = ["compact"] if is_jobs else []
    if not is_jobs or retention != Retention():
        policy.append("delete")
    return {
        "cleanup.policy": ",".join(policy),
        "retention.ms": str(-1 if age_s is None else age_s * 1000),
        "retention.bytes": str(-1 if size is None else size),
        "max.message.bytes": str(LARGEST_MESSAGE),
    }


def _entry(message: Message) -> Entry:
    key, body = message.key() or b"", message.value() or b""
    return Entry(_bytes(key).decode(errors="replace"), _bytes(body))


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data
