"""An external queue of Kafka topics: one topic per queue, one consumer group for all workers.

Any program can hand in a job: it publishes JSON with a `workflow_name` to the topic
`ergate.default`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ergate.contracts.address import Address
from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Delivery, Message, Queue, unsupported
from ergate_backends.kafka.address import Place
from ergate_backends.kafka.arrivals import IDENTITY_HEADER
from ergate_backends.kafka.client import log
from ergate_backends.kafka.member import Member
from ergate_backends.kafka.producing import Publisher, Record
from ergate_backends.kafka.topics import Topics


class KafkaQueue(Queue):
    """Topics whose partitions are divided among the receivers by the consumer group.

    Raises `BackendUnavailable` when no broker answers now.
    """

    capabilities = frozenset(
        {
            Capability.SHARED,
            Capability.DURABLE,
            Capability.DEPTH,
            Capability.PURGE,
            Capability.PARTITIONED,
        }
    )

    def __init__(self, address: Address) -> None:
        self._place = Place.of(address)
        self._topics = Topics(self._place)
        self._publisher = Publisher(self._place, self._topics.ensure_again)
        self._member = Member(self._place, self._topics)
        self._publisher.warm_up()
        self._topics.greet()

    def publish(self, messages: Sequence[Message]) -> None:
        self._write(
            {message.queue for message in messages},
            [
                Record(self._place.topic(message.queue), message.key.encode(), message.body)
                for message in messages
            ],
        )

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        names = list(dict.fromkeys(queues))
        if not names or limit <= 0:
            return []
        return self._member.receive(names, limit, timeout_s)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self._member.settle(deliveries)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        # A log gives nothing back: the message is written once more, under its old identity.
        ours = self._member.unsettled(deliveries)
        again = [
            Record(
                self._place.topic(one.queue),
                one.identity.encode(),
                one.body,
                ((IDENTITY_HEADER, one.identity.encode()),),
            )
            for one in ours
        ]
        self._write({one.queue for one in ours}, again)
        self._member.settle(ours)

    def _write(self, queues: set[str], records: Sequence[Record]) -> None:
        if not records:
            return
        self._topics.ensure(queues)
        self._publisher.publish(records)

    def depth(self, queue: str) -> int:
        return self._topics.depth(queue)

    def purge(self, queue: str) -> int:
        dropped = self._topics.purge(queue)
        self._member.drop(queue)
        return dropped

    def wake(self) -> None:
        self._member.wake()

    def close(self) -> None:
        self._member.close()
        self._publisher.close()
        self._topics.close()


class KafkaShareQueue(KafkaQueue):
    """The same topics, read by a share group: a preview in the client library, and no default.

    What a share group has in front of it cannot be asked through the client library.
    """

    capabilities = frozenset({Capability.SHARED, Capability.DURABLE})

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        log.warning(
            "%s: share groups are a preview in the client library, not for production. "
            "A message whose receivers die five times is dropped by the broker.",
            address,
        )

    def depth(self, queue: str) -> int:
        raise unsupported(self, Capability.DEPTH)

    def purge(self, queue: str) -> int:
        raise unsupported(self, Capability.PURGE)
