"""What the queue does when RabbitMQ restarts, forgets, refuses, or gives a message up."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pika
import pytest

from ergate.clock import SystemClock
from ergate.contracts.address import Address
from ergate.contracts.backend import Finding
from ergate.contracts.queue import Delivery, Message
from ergate.errors import BackendError, BackendUnavailable
from ergate.testing.fleet import eventually
from ergate.testing.servers.rabbitmq import RabbitMQServer
from ergate_backends.rabbitmq import dead
from ergate_backends.rabbitmq.address import Place
from ergate_backends.rabbitmq.checking import findings
from ergate_backends.rabbitmq.queue import RabbitMQQueue
from ergate_backends.rabbitmq.topology import DELIVERY_LIMIT, queue_arguments

CLOCK = SystemClock()
ELECT = (
    '{ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"ergate.default">>)), '
    "ra:trigger_election(amqqueue:get_pid(Queue))."
)
QUORUM = {"x-queue-type": "quorum"}


@pytest.fixture
def queue(rabbitmq_url: str) -> Iterator[RabbitMQQueue]:
    """A queue in a server that others use as well."""
    with closing(RabbitMQQueue(Address.parse(rabbitmq_url), CLOCK)) as queue:
        yield queue


@pytest.fixture
def alone(rabbitmq_server: RabbitMQServer) -> Iterator[RabbitMQQueue]:
    """A queue in a server that the test may kill, empty or change."""
    with closing(RabbitMQQueue(Address.parse(rabbitmq_server.url), CLOCK)) as queue:
        yield queue


def plainly(url: str, act: Callable[[Any], Any]) -> Any:
    """Do something on a channel of the plain client."""
    server = pika.URLParameters(url.partition("?")[0])
    with closing(pika.BlockingConnection(server)) as connection:
        return act(connection.channel())


def prefix_of(url: str) -> str:
    return Place.of(Address.parse(url)).prefix


def take(queue: RabbitMQQueue, count: int, names: Sequence[str] = ("default",)) -> list[Delivery]:
    found: list[Delivery] = []

    def have_come() -> bool:
        found.extend(queue.receive(names, count - len(found), 0.5))
        return len(found) == count

    eventually(f"{count} messages have come", have_come, timeout_s=20)
    return found


def numbers(count: int) -> list[Message]:
    return [Message(b"%d" % n, "k") for n in range(count)]


# --- restarts and deletions -----------------------------------------------------------------------


def test_a_queue_goes_on_after_a_restart_of_the_server(
    alone: RabbitMQQueue, rabbitmq_server: RabbitMQServer
) -> None:
    alone.publish(numbers(2))
    (first, second) = take(alone, 2)
    rabbitmq_server.flush()
    rabbitmq_server.kill()
    before = time.monotonic()
    with pytest.raises(BackendUnavailable):
        alone.publish(numbers(1))
    with pytest.raises(BackendUnavailable):
        alone.receive(["default"], 1, 5.0)
    assert time.monotonic() - before < 5.0
    alone.acknowledge([first])  # of a channel that is gone: ignored
    rabbitmq_server.start()
    eventually("it takes messages again", lambda: published(alone, Message(b"3", "k")))
    eventually("it can be asked again", lambda: depth(alone) is not None)
    again = take(alone, 3)
    assert sorted(one.body for one in again) == [b"0", b"1", b"3"]
    assert {first.identity, second.identity} < {one.identity for one in again}


def published(queue: RabbitMQQueue, message: Message) -> bool:
    try:
        queue.publish([message])
    except BackendUnavailable:
        return False
    return True


def test_a_queue_that_is_deleted_while_somebody_waits_is_made_anew(
    alone: RabbitMQQueue, rabbitmq_server: RabbitMQServer
) -> None:
    alone.publish(numbers(1))
    alone.acknowledge(take(alone, 1))
    rabbitmq_server.reset()
    alone.publish([Message(b"new", "k")])
    assert [one.body for one in take(alone, 1)] == [b"new"]


def test_messages_survive_a_kill_of_the_server(
    alone: RabbitMQQueue, rabbitmq_server: RabbitMQServer
) -> None:
    alone.publish(numbers(500))
    rabbitmq_server.flush()
    rabbitmq_server.kill()
    rabbitmq_server.start()
    eventually("it counts again", lambda: depth(alone) == 500)


def test_a_queue_that_came_back_without_a_leader_is_named_and_goes_on_when_it_has_one(
    rabbitmq_server: RabbitMQServer,
) -> None:
    """As after a kill within a second of its making; docs/how-to/operate-rabbitmq.md tells it."""
    url = Address.parse(rabbitmq_server.url)
    with closing(RabbitMQQueue(url, CLOCK)) as before:
        before.publish(numbers(1))
    rabbitmq_server.control("eval", "dets:delete(ra_directory_reverse, '%2F_ergate.default').")
    rabbitmq_server.flush()
    rabbitmq_server.kill()
    rabbitmq_server.start()
    with closing(RabbitMQQueue(url, CLOCK)) as after:
        told = 'its queue "ergate.default" has not answered for 5 s.*quorum_status ergate.default'
        eventually("the queue is named", lambda: re.search(told, refusal(after)))
        rabbitmq_server.control("eval", ELECT)
        eventually("it takes messages again", lambda: published(after, Message(b"new", "k")))
        assert [one.body for one in take(after, 1)] == [b"new"]


def refusal(queue: RabbitMQQueue) -> str:
    """Return why nothing can be received now."""
    try:
        queue.receive(["default"], 1, 1.0)
    except BackendUnavailable as exc:
        return str(exc)
    return ""


def depth(queue: RabbitMQQueue) -> int | None:
    try:
        return queue.depth("default")
    except BackendUnavailable:
        return None


# --- holding no more than is asked for ------------------------------------------------------------


def test_a_receiver_that_asks_no_more_gives_back_what_came_in_advance(
    queue: RabbitMQQueue, rabbitmq_url: str
) -> None:
    queue.publish(numbers(40))
    first = queue.receive(["default"], 8, 5.0)
    queue.acknowledge(first)  # which makes room for more
    left = 40 - len(first)
    eventually("all others wait in the server", lambda: queue.depth("default") == left)
    with closing(RabbitMQQueue(Address.parse(rabbitmq_url), CLOCK)) as other:
        rest = take(other, left)
    assert len({one.body for one in [*first, *rest]}) == 40


def test_messages_that_are_held_do_not_stop_others_from_coming(queue: RabbitMQQueue) -> None:
    """As with a state store that has each message wait for its step."""
    queue.publish(numbers(20))
    held: list[Delivery] = []
    while len(held) < 20:
        more = queue.receive(["default"], 1, 5.0)
        assert more
        held += more
    assert len({one.body for one in held}) == 20
    queue.acknowledge(held)


# --- messages that the server gives up ------------------------------------------------------------


def give_up_on(url: str, queue: str) -> None:
    """Take the first message again and again, and never acknowledge it."""

    def act(channel: Any) -> None:
        for _ in range(DELIVERY_LIMIT + 1):
            method, _properties, _body = channel.basic_get(queue)
            channel.basic_nack(method.delivery_tag, requeue=True)

    plainly(url, act)


def test_what_the_server_gave_up_comes_with_the_reason_to_a_receiver_of_its_queue(
    queue: RabbitMQQueue, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead, "LOOK_EVERY_S", 0.2)
    queue.publish([Message(b"poison", "k", "mails")])
    give_up_on(rabbitmq_url, f"{prefix_of(rabbitmq_url)}.mails")
    assert list(queue.receive(["default"], 1, 1.0)) == []  # it is of another queue
    (letter,) = take(queue, 1, ["mails"])
    assert (letter.body, letter.queue) == (b"poison", "mails")
    assert letter.given_up is not None
    assert "again and again" in letter.given_up
    queue.acknowledge([letter])
    time.sleep(0.3)
    assert list(queue.receive(["mails"], 1, 1.0)) == []


def test_a_message_that_the_living_give_back_is_never_given_up(
    queue: RabbitMQQueue, rabbitmq_url: str
) -> None:
    """As during an outage of the state store: what was received cannot be claimed."""
    queue.publish(numbers(1))
    identities = set()
    for _ in range(2 * DELIVERY_LIMIT):
        (delivery,) = take(queue, 1)
        identities.add(delivery.identity)
        queue.release([delivery])
    (delivery,) = take(queue, 1)
    assert (identities, delivery.given_up) == ({delivery.identity}, None)


# --- queues that are not ours ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({}, "x-dead-letter-exchange"),
        ({"x-delivery-limit": 7}, "x-delivery-limit.*50.*7"),
        ({"x-queue-type": "classic"}, "."),
    ],
    ids=["classic", "limit", "type"],
)
def test_a_queue_that_exists_with_other_arguments_is_named_with_the_difference(
    queue: RabbitMQQueue, rabbitmq_url: str, given: dict[str, Any], argument: str
) -> None:
    prefix = prefix_of(rabbitmq_url)
    if "x-delivery-limit" in given:  # it is the only difference
        given = queue_arguments(prefix) | given
    declare = {"queue": f"{prefix}.default", "durable": True, "arguments": given}
    plainly(rabbitmq_url, lambda channel: channel.queue_declare(**declare))
    with pytest.raises(BackendError, match=argument) as refused:
        queue.receive(["default"], 1, 1.0)
    assert not isinstance(refused.value, BackendUnavailable)
    assert f"rabbitmqctl delete_queue {prefix}.default" in str(refused.value)
    (found,) = [one for one in look(rabbitmq_url) if one.level == "problem"]
    assert f"{prefix}.default" in found.detail


def test_a_name_that_is_taken_by_dead_letters_is_free_for_a_queue(queue: RabbitMQQueue) -> None:
    queue.publish([Message(b"1", "k", "dead"), Message(b"2", "k", "a\nb")])
    got = take(queue, 2, ["dead", "a\nb"])
    assert sorted((one.queue, one.body) for one in got) == [("a\nb", b"2"), ("dead", b"1")]


# --- a server without room ------------------------------------------------------------------------


def test_a_server_without_memory_takes_no_messages_and_still_hands_out_those_it_has(
    alone: RabbitMQQueue, rabbitmq_server: RabbitMQServer
) -> None:
    alone.publish(numbers(10))
    rabbitmq_server.control("set_vm_memory_high_watermark", "0.00001")
    with pytest.raises(BackendUnavailable, match="takes no messages now: low on memory"):
        alone.publish(numbers(1))
    alone.acknowledge(take(alone, 10))
    eventually("nothing waits", lambda: alone.depth("default") <= 1)
    rabbitmq_server.control("set_vm_memory_high_watermark", "0.9")
    eventually("it takes messages again", lambda: published(alone, Message(b"1", "k")))


def test_a_batch_larger_than_what_is_sent_at_a_time_is_confirmed(queue: RabbitMQQueue) -> None:
    queue.publish(numbers(3000))
    assert queue.depth("default") == 3000
    assert queue.purge("default") == 3000


# --- doctor ---------------------------------------------------------------------------------------


def look(url: str) -> Sequence[Finding]:
    """Return what the doctor finds, but for the round trip: this machine may be busy."""
    return [one for one in findings(Address.parse(url)) if one.subject != "round trip"]


def test_the_doctor_has_nothing_to_say_against_a_server_that_is_as_it_should_be(
    queue: RabbitMQQueue, rabbitmq_url: str
) -> None:
    seen = {one.subject: one for one in look(rabbitmq_url)}
    assert {one.level for one in seen.values()} == {"ok"}
    assert "at first use" in seen["queue"].detail
    queue.publish(numbers(3))
    seen = {one.subject: one for one in look(rabbitmq_url)}
    assert "delivery limit 50" in seen["queue"].detail
    assert "3 wait" in seen["queue"].detail
    assert "RabbitMQ 3" in seen["version"].detail


def test_the_doctor_sees_dead_letters_that_wait(queue: RabbitMQQueue, rabbitmq_url: str) -> None:
    queue.publish([Message(b"poison", "k", "mails")])
    give_up_on(rabbitmq_url, f"{prefix_of(rabbitmq_url)}.mails")

    def is_seen() -> bool:
        seen = {one.subject: one for one in look(rabbitmq_url)}
        return seen["dead letters"].level == "warning"

    eventually("the doctor sees it", is_seen)
