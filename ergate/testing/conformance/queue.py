"""Every promise of `ergate.contracts.queue`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from threading import Event, Thread
from typing import ClassVar

import pytest

from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Delivery, Message, Queue
from ergate.errors import Unsupported
from ergate.jobs.ids import new_id


class QueueCase:
    """What an implementer provides: `queue`, and what differs from the defaults below."""

    patience_s: ClassVar[float] = 10.0
    """How long a message may take from a confirmed publish to its receiver."""

    @pytest.fixture
    def queue(self) -> Queue:
        """A queue without any message in it. Close it afterwards."""
        raise NotImplementedError("Provide a fixture `queue`: an empty Queue.")

    @pytest.fixture
    def second_queue(self) -> Queue | None:
        """Another connection to the same server; None when not SHARED."""
        return None

    @pytest.fixture
    def other(self, queue: Queue, second_queue: Queue | None) -> Queue:
        """The second connection, or the same one again where there can be no second."""
        if Capability.SHARED in queue.capabilities:
            assert second_queue is not None, (
                "The queue declares SHARED: provide the fixture `second_queue`, "
                "another connection to the same server."
            )
        return second_queue or queue

    def receive_all(
        self, queue: Queue, count: int, names: Sequence[str] = ("default",), limit: int = 100
    ) -> list[Delivery]:
        """Receive until there are `count` messages; fail when they do not come in time."""
        deliveries: list[Delivery] = []
        deadline = time.monotonic() + self.patience_s
        while len(deliveries) < count:
            assert time.monotonic() < deadline, f"{len(deliveries)} of {count} messages came"
            room = min(limit, count - len(deliveries))
            deliveries += queue.receive(names, room, 1.0)
        return deliveries

    def nothing_more(self, queue: Queue, names: Sequence[str] = ("default",)) -> None:
        """Assert that no message is waiting."""
        assert list(queue.receive(names, 100, 0.05)) == []


class QueueSuite(QueueCase):
    """A queue delivers at least once, what it confirmed, and only where it was published."""

    def test_a_message_arrives_byte_for_byte(self, queue: Queue, other: Queue) -> None:
        body = bytes(range(256)) * 4
        queue.publish([Message(body, "job-1", "mail")])
        (delivery,) = self.receive_all(other, 1, ["mail"])
        assert (delivery.body, delivery.queue) == (body, "mail")

    def test_every_message_of_a_batch_arrives(self, queue: Queue) -> None:
        sent = [_message(n) for n in range(250)]
        queue.publish(sent)
        got = self.receive_all(queue, len(sent))
        assert Counter(d.body for d in got) == Counter(m.body for m in sent)

    def test_publishing_nothing_does_nothing(self, queue: Queue) -> None:
        queue.publish([])
        self.nothing_more(queue)

    def test_a_message_waits_only_in_its_own_queue(self, queue: Queue) -> None:
        queue.publish([_message(1, "a"), _message(2, "b")])
        assert [d.body for d in self.receive_all(queue, 1, ["b"])] == [b"2"]
        self.nothing_more(queue, ["b"])
        assert [d.body for d in self.receive_all(queue, 1, ["a"])] == [b"1"]

    def test_several_queues_can_be_received_from_at_once(self, queue: Queue) -> None:
        queue.publish([_message(1, "a"), _message(2, "b"), _message(3, "a")])
        got = self.receive_all(queue, 3, ["a", "b"])
        assert sorted((d.queue, d.body) for d in got) == [("a", b"1"), ("a", b"3"), ("b", b"2")]

    def test_one_call_gives_no_more_than_its_limit(self, queue: Queue) -> None:
        queue.publish([_message(n) for n in range(5)])
        first = queue.receive(["default"], 2, self.patience_s)
        assert len(first) in (1, 2)
        rest = self.receive_all(queue, 5 - len(first), limit=2)
        assert {d.body for d in [*first, *rest]} == {b"0", b"1", b"2", b"3", b"4"}

    def test_receiving_from_an_empty_queue_ends_at_the_time_limit(self, queue: Queue) -> None:
        before = time.monotonic()
        self.nothing_more(queue)
        assert list(queue.receive(["default"], 1, 0.0)) == []
        assert time.monotonic() - before < self.patience_s

    def test_a_message_ends_a_receive_that_blocks(self, queue: Queue, other: Queue) -> None:
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(queue.receive, ["default"], 1, self.patience_s)
            other.publish([_message(1)])
            assert [d.body for d in waiting.result()] == [b"1"]

    # --- settling a delivery ----------------------------------------------------------------------

    def test_a_message_in_hand_is_given_to_nobody_else(self, queue: Queue, other: Queue) -> None:
        queue.publish([_message(1)])
        self.receive_all(queue, 1)
        self.nothing_more(other)

    def test_an_acknowledged_message_is_gone(self, queue: Queue) -> None:
        queue.publish([_message(1)])
        queue.acknowledge(self.receive_all(queue, 1))
        self.nothing_more(queue)

    def test_acknowledging_again_is_ignored(self, queue: Queue) -> None:
        queue.publish([_message(1), _message(2)])
        deliveries = self.receive_all(queue, 2)
        queue.acknowledge(deliveries)
        queue.acknowledge(deliveries[:1] * 2)
        queue.acknowledge([])
        queue.publish([_message(3)])
        assert [d.body for d in self.receive_all(queue, 1)] == [b"3"]

    def test_deliveries_can_be_acknowledged_in_any_order(self, queue: Queue) -> None:
        queue.publish([_message(n) for n in range(4)])
        deliveries = self.receive_all(queue, 4)
        queue.acknowledge([deliveries[3], deliveries[0]])
        queue.acknowledge([deliveries[2], deliveries[1]])
        self.nothing_more(queue)

    def test_a_released_message_comes_back_at_once_with_the_same_identity(
        self, queue: Queue, other: Queue
    ) -> None:
        queue.publish([_message(1)])
        (first,) = self.receive_all(queue, 1)
        queue.release([first])
        (second,) = self.receive_all(other, 1)
        assert (second.body, second.identity) == (first.body, first.identity)

    def test_releasing_what_is_acknowledged_brings_nothing_back(self, queue: Queue) -> None:
        queue.publish([_message(1)])
        deliveries = self.receive_all(queue, 1)
        queue.acknowledge(deliveries)
        queue.release(deliveries)
        self.nothing_more(queue)

    def test_each_message_has_an_identity_of_its_own(self, queue: Queue) -> None:
        same = Message(b"same", "job-1")
        queue.publish([same, same])
        queue.publish([same])
        identities = {d.identity for d in self.receive_all(queue, 3)}
        assert len(identities) == len("abc")

    def test_what_a_receiver_held_comes_back_when_it_closes(
        self, queue: Queue, other: Queue
    ) -> None:
        queue.publish([_message(1)])
        self.receive_all(queue, 1)
        queue.close()
        assert [d.body for d in self.receive_all(other, 1)] == [b"1"]

    # --- many at once -----------------------------------------------------------------------------

    def test_receivers_at_the_same_time_share_the_messages(
        self, queue: Queue, other: Queue
    ) -> None:
        queue.publish([_message(n) for n in range(60)])

        def take(receiver: Queue) -> list[bytes]:
            bodies: list[bytes] = []
            while deliveries := receiver.receive(["default"], 7, 0.2):
                bodies += [d.body for d in deliveries]
                receiver.acknowledge(deliveries)
            return bodies

        with ThreadPoolExecutor(4) as pool:
            taken = list(chain.from_iterable(pool.map(take, [queue, other, queue, other])))
        assert Counter(taken) == Counter(b"%d" % n for n in range(60))

    def test_a_wake_ends_a_receive_that_blocks(self, queue: Queue) -> None:
        ended = Event()

        def wake_until_seen() -> None:
            while not ended.wait(0.02):
                queue.wake()

        waker = Thread(target=wake_until_seen)
        waker.start()
        assert list(queue.receive(["default"], 1, self.patience_s)) == []
        ended.set()
        waker.join(self.patience_s)
        assert not waker.is_alive()

    # --- capabilities -----------------------------------------------------------------------------

    def test_depth_counts_what_waits_or_says_that_it_cannot(self, queue: Queue) -> None:
        queue.publish([_message(n) for n in range(3)])
        if Capability.DEPTH in queue.capabilities:
            assert queue.depth("default") == len("abc")
            assert queue.depth(f"never-used-{new_id()}") == 0
        else:
            with pytest.raises(Unsupported, match="DEPTH"):
                queue.depth("default")

    def test_purge_drops_what_waits_or_says_that_it_cannot(self, queue: Queue) -> None:
        queue.publish([_message(1), _message(2), _message(3, "kept")])
        if Capability.PURGE in queue.capabilities:
            assert [queue.purge("default"), queue.purge("default")] == [2, 0]
            self.nothing_more(queue)
            assert [d.body for d in self.receive_all(queue, 1, ["kept"])] == [b"3"]
        else:
            with pytest.raises(Unsupported, match="PURGE"):
                queue.purge("default")

    def test_only_known_capabilities_are_declared(self, queue: Queue) -> None:
        assert queue.capabilities <= frozenset(Capability)

    def test_closing_twice_does_no_harm(self, queue: Queue) -> None:
        queue.close()
        queue.close()


def _message(number: int, queue: str = "default") -> Message:
    return Message(b"%d" % number, f"job-{number}", queue)
