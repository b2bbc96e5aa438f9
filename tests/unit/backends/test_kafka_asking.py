"""How the look at what waits goes on while a topic is being made."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from ergate.contracts.address import Address
from ergate.errors import BackendUnavailable
from ergate.testing.clock import FakeClock
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.asking import LOOK_TIMEOUT_S, Asker

UNKNOWN = KafkaError._UNKNOWN_PARTITION  # what the client library says of it for a moment


class Cluster:
    """Has one partition from 3 to 8 and an offset of 5, after it has said the codes of errors."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.clock = FakeClock()
        self.pauses: list[float] = []

    def asker(self) -> Asker:
        cluster = self

        class Scripted(Consumer):
            def __init__(self, _settings: object) -> None:
                pass

            def list_topics(self, topic: str, timeout: float = -1) -> SimpleNamespace:  # type: ignore[override]  # as much as is read
                known = SimpleNamespace(error=None, partitions={0: None})
                return SimpleNamespace(topics={topic: known})

            def poll(self, timeout: float = -1) -> None:
                pass

            def offsets_for_times(
                self, parts: list[TopicPartition], timeout: float = -1
            ) -> list[TopicPartition]:
                if cluster.codes:
                    raise KafkaException(KafkaError(cluster.codes.pop(0)))
                offset = 3 if parts[0].offset == OFFSET_BEGINNING else 8
                return [TopicPartition("t", 0, offset)]

            def committed(
                self, _parts: list[TopicPartition], timeout: float = -1
            ) -> list[TopicPartition]:
                return [TopicPartition("t", 0, 5)]

        place = Place.of(Address.parse("kafka://localhost"))
        return Asker(place, client=Scripted, clock=self.clock, pause=self._pause)

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.advance(seconds)


def test_a_partition_that_is_not_known_yet_is_asked_for_again() -> None:
    cluster = Cluster(UNKNOWN, KafkaError.LEADER_NOT_AVAILABLE)
    assert cluster.asker().waiting("t") == {0: (5, 8)}
    assert len(cluster.pauses) == 2


def test_a_partition_that_stays_unknown_is_told_when_the_time_is_up() -> None:
    cluster = Cluster(*[UNKNOWN] * 100)
    with pytest.raises(BackendUnavailable, match="Unknown partition"):
        cluster.asker().waiting("t")
    assert cluster.clock.monotonic() <= LOOK_TIMEOUT_S


def test_other_trouble_is_told_at_once() -> None:
    cluster = Cluster(KafkaError._TIMED_OUT)
    with pytest.raises(BackendUnavailable, match="cannot be used now"):
        cluster.asker().waiting("t")
    assert cluster.pauses == []
