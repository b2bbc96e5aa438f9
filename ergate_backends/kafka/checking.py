"""What `ergate doctor` looks at in a Kafka cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from ergate.contracts.address import Address
from ergate.contracts.backend import Finding
from ergate.errors import BackendError
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.client import ANSWER_TIMEOUT_S, Ear, settings, translated
from ergate_backends.kafka.topics import TOPIC_SETTINGS

T = TypeVar("T")
Settings = Mapping[str, str]

SMALLEST_LARGEST = 2**20
"""The largest payload of a job by default, in bytes."""
SHORTEST_RETENTION_MS = 24 * 3600 * 1000
SHORTEST_POLL_MS = 10_000
FAR_MS = 20.0
JOURNALS = ("jobs", "events")
_CHOOSING = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
)


def findings(address: Address) -> Sequence[Finding]:
    """Return what was seen, without changing anything. Raises `BackendUnavailable`."""
    return list(Check(Place.of(address)).all())


class Check:
    """Looks at one cluster through one client."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._ear = Ear()
        with translated(place):
            self._admin = AdminClient(settings(place, self._ear))

    def all(self) -> Iterator[Finding]:
        """Look at everything."""
        before = time.perf_counter()
        with translated(self._place, self._ear):
            seen = self._admin.list_topics(timeout=ANSWER_TIMEOUT_S)
        self._admin.poll(0)
        took_ms = (time.perf_counter() - before) * 1000
        yield _version()
        yield _cluster(seen.cluster_id, len(seen.brokers), took_ms)
        broker = self._settings(ConfigResource.Type.BROKER, str(next(iter(seen.brokers))))
        yield from self._mode(broker)
        yield from self._membership(broker)
        begin = f"{self._place.prefix}."
        journals = {begin + name for name in JOURNALS}
        topics = sorted(name for name in seen.topics if name.startswith(begin))
        yield from self._topics([name for name in topics if name not in journals])

    def _mode(self, broker: Settings | None) -> Iterator[Finding]:
        if self._place.mode == "share":
            has = broker is None or "group.share.record.lock.duration.ms" in broker
            yield Finding(
                level="warning" if has else "problem",
                subject="mode",
                detail="share groups: a preview in the client library"
                if has
                else "these brokers have no share groups",
                advice="Leave ?mode=share out in production."
                if has
                else "Leave ?mode=share out, or run Kafka 4.2 or newer.",
            )

    # --- the group --------------------------------------------------------------------------------

    def _membership(self, broker: Settings | None) -> Iterator[Finding]:
        poll_ms = int(self._place.settings.get("max.poll.interval.ms", "300000"))
        is_short = poll_ms < SHORTEST_POLL_MS
        yield Finding(
            level="warning" if is_short else "ok",
            subject="max.poll.interval.ms",
            detail=f"{poll_ms / 1000:g} s; steps may take longer, as polling goes on meanwhile",
            advice="Leave it at its default of 300 s: a busy machine may pause so long." * is_short,
        )
        if broker is None:
            yield _unknown("session.timeout.ms", "DescribeConfigs on the cluster")
            return
        if self._place.settings.get("group.protocol") == "consumer":
            told_ms = int(broker.get("group.consumer.session.timeout.ms", "45000"))
            yield Finding(
                level="ok",
                subject="session.timeout.ms",
                detail=f"{told_ms / 1000:g} s, as the brokers say with group.protocol=consumer",
            )
            return
        least = int(broker.get("group.min.session.timeout.ms", "6000"))
        ours = int(self._place.settings.get("session.timeout.ms", "6000"))
        yield Finding(
            level="problem" if ours < least else "ok",
            subject="session.timeout.ms",
            detail=f"{ours / 1000:g} s until others have the share of a worker that was killed"
            + (f", and the brokers ask for {least / 1000:g} s" if ours < least else ""),
            advice=f"Add ?session.timeout.ms={least} to the address." * (ours < least),
        )

    def _members(self) -> int:
        for tries_left in (2, 1, 0):
            asked = self._admin.describe_consumer_groups([self._place.group])
            try:
                return len(self._answer(asked[self._place.group]).members)
            except BackendError as exc:
                cause = exc.__cause__
                code = cause.args[0].code() if isinstance(cause, KafkaException) else None
                if code == KafkaError.GROUP_ID_NOT_FOUND:
                    break
                # Nobody has asked for a group so far: its coordinator is being chosen.
                if code not in _CHOOSING or not tries_left:
                    raise
                time.sleep(0.3)
        return 0

    def _workers(self, smallest: int) -> Iterator[Finding]:
        try:
            members = self._members()
        except BackendError:
            yield _unknown("workers", f"Describe on the group {self._place.group}")
            return
        too_many = members > smallest
        yield Finding(
            level="warning" if too_many else "ok",
            subject="workers",
            detail=f"{members} in the group {self._place.group}, for {smallest} partitions or more",
            advice="The others have no share, and only help out: add partitions "
            "(kafka-topics --alter --partitions), or run fewer worker processes." * too_many,
        )

    # --- topics -----------------------------------------------------------------------------------

    def _topics(self, names: Sequence[str]) -> Iterator[Finding]:
        if not names:
            yield Finding(
                level="ok",
                subject="topics",
                detail=f"{self._place.prefix}.* will be made at first use, "
                f"with {self._place.partitions} partitions each",
            )
            return
        asked = self._admin.describe_topics(TopicCollection(list(names)))
        seen = {name: self._answer(done) for name, done in asked.items()}
        for name, topic in seen.items():
            yield from self._topic(name, topic.partitions)
        yield from self._workers(min(len(topic.partitions) for topic in seen.values()))

    def _topic(self, name: str, partitions: Sequence[Any]) -> Iterator[Finding]:
        few = len(partitions) < self._place.partitions
        yield Finding(
            level="warning" if few else "ok",
            subject=name,
            detail=f"{len(partitions)} partitions"
            + (f", and the address asks for {self._place.partitions}" if few else ""),
            advice="kafka-topics --alter --partitions adds some; Ergate changes no topic." * few,
        )
        replicas = min(len(one.replicas) for one in partitions)
        behind = sum(len(one.isr) < len(one.replicas) for one in partitions)
        if behind:
            yield Finding(
                level="warning",
                subject=name,
                detail=f"{behind} partitions have fewer replicas in sync than they should have",
                advice="Look at the brokers' logs.",
            )
        kept = self._settings(ConfigResource.Type.TOPIC, name)
        if kept is None:
            yield _unknown(name, f"DescribeConfigs on the topic {name}")
        else:
            yield from _replication(name, replicas, int(kept["min.insync.replicas"]))
            yield from _retention(name, kept)
            yield from _sizes(name, int(kept["max.message.bytes"]))

    # --- asking -----------------------------------------------------------------------------------

    def _settings(self, kind: Any, name: str) -> Settings | None:
        """Return the settings of a broker or a topic, or None when we may not see them."""
        asked = self._admin.describe_configs([ConfigResource(kind, name)])
        try:
            (found,) = (self._answer(done) for done in asked.values())
        except BackendError as exc:
            cause = exc.__cause__
            if isinstance(cause, KafkaException) and cause.args[0].code() in (
                KafkaError.CLUSTER_AUTHORIZATION_FAILED,
                KafkaError.TOPIC_AUTHORIZATION_FAILED,
            ):
                return None
            raise
        return {key: entry.value or "" for key, entry in found.items()}

    def _answer(self, done: Future[T]) -> T:
        with translated(self._place, self._ear):
            return done.result(ANSWER_TIMEOUT_S * 2)


def _version() -> Finding:
    library, _ = confluent_kafka.libversion()
    detail = f"confluent-kafka {confluent_kafka.version()} with librdkafka {library}"
    return Finding(level="ok", subject="client library", detail=detail)


def _cluster(cluster_id: str | None, brokers: int, took_ms: float) -> Finding:
    count = "1 broker" if brokers == 1 else f"{brokers} brokers"
    is_far = took_ms > FAR_MS * 10
    return Finding(
        level="warning" if is_far else "ok",
        subject="cluster",
        detail=f"{count}, id {cluster_id}, answered in {took_ms:.0f} ms",
        advice="Run workers near the brokers." * is_far,
    )


def _replication(name: str, replicas: int, least: int) -> Iterator[Finding]:
    told = f"replication factor {replicas}, min.insync.replicas {least}"
    if replicas < least:
        advice = "Nothing can be published: lower one or raise the other."
        yield Finding(level="problem", subject=name, detail=told, advice=advice)
    elif replicas == 1:
        advice = "With its broker all that waits in it is away; three replicas are usual."
        yield Finding(level="warning", subject=name, detail=told, advice=advice)
    elif least == 1:
        advice = "Set min.insync.replicas=2: a message counts as confirmed by one broker alone."
        yield Finding(level="warning", subject=name, detail=told, advice=advice)
    elif replicas == least:
        advice = "Nothing can be published while one broker is away: use a replica more."
        yield Finding(level="warning", subject=name, detail=told, advice=advice)
    else:
        yield Finding(level="ok", subject=name, detail=told)


def _retention(name: str, kept: Settings) -> Iterator[Finding]:
    if "compact" in kept["cleanup.policy"]:
        yield Finding(
            level="problem",
            subject=name,
            detail=f"cleanup.policy is {kept['cleanup.policy']}: messages of other programs with "
            "equal keys vanish before anybody read them",
            advice="Set cleanup.policy=delete.",
        )
    kept_ms = int(kept["retention.ms"])
    shown = "for ever" if kept_ms < 0 else f"{kept_ms / 86_400_000:g} days"
    is_short = 0 <= kept_ms < SHORTEST_RETENTION_MS
    limit = "" if kept["retention.bytes"] == "-1" else f", {kept['retention.bytes']} bytes"
    yield Finding(
        level="warning" if is_short or limit else "ok",
        subject=name,
        detail=f"kept {shown}{limit}; what waits longer is dropped by the broker",
        advice=f"Tickets are published again, jobs of other programs are lost: set retention.ms="
        f"{TOPIC_SETTINGS['retention.ms']} and retention.bytes=-1." * bool(is_short or limit),
    )


def _sizes(name: str, largest: int) -> Iterator[Finding]:
    if largest < SMALLEST_LARGEST + 2**16:
        yield Finding(
            level="warning",
            subject=name,
            detail=f"max.message.bytes is {largest:,}: less than the largest job",
            advice=f"Set max.message.bytes={TOPIC_SETTINGS['max.message.bytes']}, "
            "if other programs hand in jobs with large inputs.",
        )


def _unknown(subject: str, right: str) -> Finding:
    return Finding(
        level="warning",
        subject=subject,
        detail=f"cannot be seen without the right {right}",
        advice="Grant it, or look at it yourself.",
    )
