"""What stands beside a journal in a server, and what its address may say."""

from __future__ import annotations

import pytest

from ergate.contracts.address import Address
from ergate.contracts.journal import JournalKind
from ergate_backends.kafka.address import Place as KafkaPlace
from ergate_backends.rabbitmq.address import Place as RabbitMQPlace
from ergate_backends.rabbitmq.names import queue_name

RETENTION = "max-age=30D&max-length-bytes=1000"


@pytest.mark.parametrize("kind", [str(kind) for kind in JournalKind])
def test_no_queue_has_the_name_of_a_journal(kind: str) -> None:
    place = KafkaPlace.of(Address.parse("kafka://h"))
    assert place.topic(kind) != f"ergate.{kind}" != queue_name("ergate", kind)
    assert place.topic(kind) != place.topic(place.topic(kind).removeprefix("ergate."))


def test_one_address_serves_queue_and_journal() -> None:
    assert KafkaPlace.of(Address.parse(f"kafka://h?{RETENTION}")).prefix == "ergate"
    assert RabbitMQPlace.of(Address.parse(f"amqp://h?{RETENTION}")).prefix == "ergate"
