"""What becomes of records that the client library hands back, for a while or for good."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError, Producer

from ergate.contracts.address import Address
from ergate.errors import BackendUnavailable, PayloadError
from ergate.testing.clock import FakeClock
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.producing import (
    BACKOFF_FIRST_S,
    BACKOFF_MAX_S,
    PUBLISH_S,
    Publisher,
    Record,
)

Told = Callable[[KafkaError | None, object], None]
Answers = list[dict[bytes, int]]

LET_GO = KafkaError._DESTROY
TIMED_OUT = KafkaError._MSG_TIMED_OUT
TOPIC_GONE = KafkaError._UNKNOWN_PARTITION


class Cluster:
    """Confirms every record, but those whose body has a code of an error in the next answer.

    The last answer is given again and again.
    """

    def __init__(self, *answers: dict[bytes, int]) -> None:
        self.written: list[bytes] = []
        self.producers = 0
        self.made: list[set[str]] = []
        self.pauses: list[float] = []
        self.is_mute = False
        self.clock = FakeClock()
        self._answers = list(answers or [{}])

    def publisher(self) -> Publisher:
        cluster = self

        class Scripted(Producer):
            def __init__(self, _settings: object) -> None:
                cluster.producers += 1
                self._sent: list[tuple[bytes, Told]] = []

            def produce(  # type: ignore[override]  # what our own code gives it
                self, _topic: str, body: bytes, _key: bytes, *, headers: object, on_delivery: Told
            ) -> None:
                self._sent.append((body, on_delivery))

            def flush(self, timeout: float = -1) -> int:
                if cluster.is_mute:
                    cluster.clock.advance(timeout)
                    return len(self._sent)
                cluster.answer(self._sent)
                self._sent = []
                return 0

        place = Place.of(Address.parse("kafka://localhost"))
        return Publisher(
            place, self.made.append, client=Scripted, clock=self.clock, pause=self._pause
        )

    def answer(self, sent: list[tuple[bytes, Told]]) -> None:
        codes = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        for body, told in sent:
            if body in codes:
                told(KafkaError(codes[body]), None)
            else:
                self.written.append(body)
                told(None, None)

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.advance(seconds)


def records(*bodies: bytes, key: bytes | None = None) -> list[Record]:
    return [Record("t", key or body, body) for body in bodies]


@pytest.mark.parametrize(
    "code",
    [
        LET_GO,
        KafkaError._DESTROY_BROKER,
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        TOPIC_GONE,
    ],
)
def test_what_failed_for_a_while_is_written_again_by_a_new_producer(code: int) -> None:
    cluster = Cluster({b"2": code}, {})
    cluster.publisher().publish(records(b"1", b"2", b"3"))
    assert cluster.written == [b"1", b"3", b"2"]
    assert cluster.producers == 2


def test_a_deleted_topic_gives_two_kinds_of_errors_and_is_made_once() -> None:
    cluster = Cluster({b"1": LET_GO, b"2": TOPIC_GONE}, {})
    cluster.publisher().publish(records(b"1", b"2"))
    assert cluster.written == [b"1", b"2"]
    assert cluster.made == [{"t"}]


def test_trouble_that_comes_after_other_trouble_is_no_end() -> None:
    cluster = Cluster({b"1": TOPIC_GONE}, {b"1": LET_GO}, {b"1": TOPIC_GONE}, {})
    cluster.publisher().publish(records(b"1"))
    assert cluster.written == [b"1"]


def test_a_cluster_that_confirms_some_is_slow_and_gets_the_others_again() -> None:
    cluster = Cluster({b"2": TIMED_OUT}, {})
    cluster.publisher().publish(records(b"1", b"2"))
    assert cluster.written == [b"1", b"2"]


def test_a_cluster_that_confirms_nothing_is_away() -> None:
    cluster = Cluster({b"1": TIMED_OUT, b"2": TIMED_OUT}, {})
    with pytest.raises(BackendUnavailable, match="timed out"):
        cluster.publisher().publish(records(b"1", b"2"))
    assert cluster.written == []


def test_nothing_overtakes_a_record_of_its_key() -> None:
    cluster = Cluster({b"2": LET_GO}, {})
    cluster.publisher().publish(records(b"1", b"2", b"3", key=b"job") + records(b"4"))
    assert cluster.written == [b"1", b"3", b"4", b"2", b"3"]


def test_pauses_grow_to_a_limit_and_end_with_the_time_of_the_call() -> None:
    cluster = Cluster({b"1": LET_GO})
    with pytest.raises(BackendUnavailable, match="cannot be used now"):
        cluster.publisher().publish(records(b"1"))
    assert cluster.pauses[0] <= BACKOFF_FIRST_S
    assert BACKOFF_MAX_S / 2 <= max(cluster.pauses) <= BACKOFF_MAX_S
    assert PUBLISH_S - BACKOFF_MAX_S <= cluster.clock.monotonic() <= PUBLISH_S


def test_a_topic_that_cannot_be_made_is_named_in_the_end() -> None:
    cluster = Cluster({b"1": TOPIC_GONE})
    with pytest.raises(BackendUnavailable, match="has no topic t yet"):
        cluster.publisher().publish(records(b"1"))


def test_a_refusal_is_told_at_once() -> None:
    cluster = Cluster({b"1": LET_GO, b"2": KafkaError.MSG_SIZE_TOO_LARGE})
    with pytest.raises(PayloadError, match="refused"):
        cluster.publisher().publish(records(b"1", b"2"))
    assert cluster.pauses == []


def test_a_producer_whose_record_was_refused_is_used_again() -> None:
    cluster = Cluster({b"1": KafkaError.MSG_SIZE_TOO_LARGE}, {})
    publisher = cluster.publisher()
    with pytest.raises(PayloadError, match="refused"):
        publisher.publish(records(b"1"))
    publisher.publish(records(b"2"))
    assert cluster.producers == 1


def test_what_nobody_confirms_is_not_taken_for_published() -> None:
    cluster = Cluster()
    cluster.is_mute = True
    with pytest.raises(BackendUnavailable, match="confirms nothing"):
        cluster.publisher().publish(records(b"1"))
    assert cluster.clock.monotonic() <= PUBLISH_S + 1
