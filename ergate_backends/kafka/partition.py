"""How far a partition is done: messages end in any order, and Kafka knows one number."""

from __future__ import annotations

from collections import OrderedDict


class Partition:
    """The messages of one partition that came to this receiver and are not settled yet.

    `done` is the offset up to which all that came is settled; only that may be committed. Not
    thread-safe.
    """

    def __init__(self, topic: str, number: int) -> None:
        self.topic = topic
        self.number = number
        self.committed = -1
        """The offset that the cluster has confirmed; -1 when we know of none."""
        self.in_hand = 0
        """How many messages were handed out and are not settled."""
        self._next = -1
        # Ordered, and quick at both ends: offsets come in their order and leave in any.
        self._open: OrderedDict[int, bool] = OrderedDict()

    @property
    def done(self) -> int:
        """The offset to commit; -1 when nothing came so far."""
        return next(iter(self._open), self._next)

    def follows(self, offset: int) -> bool:
        """Whether a message with this offset can be the next; else the log begins anew."""
        return offset >= self._next

    def came(self, offset: int) -> None:
        """Note a message that came."""
        self._open[offset] = False
        self._next = offset + 1

    def hand_out(self, offset: int) -> None:
        """Note that a message is in somebody's hands now."""
        self._open[offset] = True
        self.in_hand += 1

    def holds(self, offset: int) -> bool:
        """Whether a message is not settled."""
        return offset in self._open

    def settle(self, offset: int) -> None:
        """Note that a message is done with; repeating it does nothing."""
        if self._open.pop(offset, False):
            self.in_hand -= 1
