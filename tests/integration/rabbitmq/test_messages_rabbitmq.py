"""Jobs and nonsense in a queue of RabbitMQ, from ten lines of plain pika."""

from __future__ import annotations

from collections.abc import Sequence

import pika
import pytest

from ergate.contracts.address import Address
from ergate.contracts.state_store import JobFilter
from ergate.jobs.status import JobStatus
from ergate.testing.fleet import eventually
from ergate.testing.messages import MessagesSuite, Publish
from ergate.testing.scene import Addresses, Scene
from ergate_backends.rabbitmq.address import Place
from ergate_backends.rabbitmq.names import dead_name, queue_name
from ergate_backends.rabbitmq.topology import dead_arguments, queue_arguments

COPIES = 3


def publish_plainly(url: str, bodies: Sequence[bytes], ids: Sequence[str] = ()) -> None:
    """Publish as the how-to shows it; the queue is made by whoever comes first."""
    place = Place.of(Address.parse(url))
    connection = pika.BlockingConnection(pika.URLParameters(url.partition("?")[0]))
    channel = connection.channel()
    queue = queue_name(place.prefix, "default")
    channel.queue_declare(dead_name(place.prefix), durable=True, arguments=dead_arguments())
    channel.queue_declare(queue, durable=True, arguments=queue_arguments(place.prefix))
    for n, body in enumerate(bodies):
        properties = pika.BasicProperties(delivery_mode=2, message_id=ids[n] if ids else None)
        channel.basic_publish("", queue, body, properties)
    connection.close()


class TestRabbitMQBeforePostgres(MessagesSuite):
    @pytest.fixture
    def addresses(self, rabbitmq_url: str, postgres_url: str) -> Addresses:
        return Addresses(queue=rabbitmq_url, state_store=postgres_url)

    @pytest.fixture
    def publish(self, rabbitmq_url: str) -> Publish:
        return lambda bodies: publish_plainly(rabbitmq_url, bodies)

    def test_the_id_of_a_message_makes_a_job_start_once_without_an_id_of_its_own(
        self, scene: Scene, rabbitmq_url: str
    ) -> None:
        bodies = [b'{"workflow_name": "healthy", "initial_input_value": 7}'] * self.good
        ids = [f"order-{n}" for n in range(self.good)]
        scene.fleet(processes=2, concurrency=4)
        publish_plainly(rabbitmq_url, bodies * COPIES, ids * COPIES)
        store = scene.broker.store

        def are_over() -> bool:
            counted = sum(queue.ready for queue in store.queues())
            return len(store.list(JobFilter(), limit=5000, offset=0)) >= self.good and not counted

        eventually("each message has become a job", are_over, timeout_s=90)
        scene.accepted += [job.id for job in store.list(JobFilter(), limit=5000, offset=0)]
        assert len(scene.accepted) == self.good
        assert {job.status for job in scene.wait_ended()} == {JobStatus.COMPLETED}
        scene.check(most_repeats=0)
