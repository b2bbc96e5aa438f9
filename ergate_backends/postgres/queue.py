"""An external queue in one table: messages are leased to a receiver until it acknowledges them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from ergate.contracts.capabilities import Capability
from ergate.contracts.queue import Delivery, Message, Queue
from ergate.errors import BackendError
from ergate_backends.postgres import migrating
from ergate_backends.postgres.connection import LONG_ANSWER_S
from ergate_backends.postgres.notices import Caller, Listener
from ergate_backends.postgres.pool import Pool
from ergate_backends.postgres.rows import Row, storable
from ergate_backends.postgres.statements import Statements
from ergate_backends.postgres.target import Target

LEASE_S = 10.0
"""When what a dead receiver held comes back; a claim is durable, and acknowledged, much sooner."""
LOOK_S = 1.0
LOOK_UNCALLED_S = 0.25

_PUBLISH = """
    INSERT INTO {schema}.messages (queue, body)
    SELECT queue, body FROM unnest(%(queues)s::text[], %(bodies)s::bytea[])
                            WITH ORDINALITY AS message (queue, body, i) ORDER BY i
"""
_RECEIVE = """
    WITH found AS MATERIALIZED (
        SELECT waiting.* FROM unnest(%(queues)s::text[]) AS wanted (name) CROSS JOIN LATERAL (
            SELECT queue, n FROM {schema}.messages
            WHERE queue = wanted.name AND held_until <= extract(epoch FROM clock_timestamp())
            ORDER BY n LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        ) AS waiting ORDER BY n LIMIT %(limit)s
    )
    UPDATE {schema}.messages AS message
    SET held_until = extract(epoch FROM clock_timestamp()) + %(lease_s)s, holder = %(holder)s
    FROM found WHERE message.queue = found.queue AND message.n = found.n
    RETURNING message.n, message.queue, message.body
"""
# Only the last receiver may settle: the lease of an earlier one has ended.
_ACKNOWLEDGE = """
    DELETE FROM {schema}.messages AS message
    USING unnest(%(queues)s::text[], %(numbers)s::bigint[], %(holders)s::text[])
          AS delivery (queue, n, holder)
    WHERE message.queue = delivery.queue AND message.n = delivery.n
      AND message.holder = delivery.holder
"""
_RELEASE = """
    UPDATE {schema}.messages AS message SET held_until = 0, holder = NULL
    FROM unnest(%(queues)s::text[], %(numbers)s::bigint[], %(holders)s::text[])
         AS delivery (queue, n, holder)
    WHERE message.queue = delivery.queue AND message.n = delivery.n
      AND message.holder = delivery.holder
"""
_RELEASE_ALL = """
    UPDATE {schema}.messages SET held_until = 0, holder = NULL
    WHERE starts_with(holder, %(receiver)s)
"""
_WAITS = "queue = %(queue)s AND held_until <= extract(epoch FROM clock_timestamp())"
_DEPTH = f"SELECT count(*) FROM {{schema}}.messages WHERE {_WAITS}"
_PURGE = f"DELETE FROM {{schema}}.messages WHERE {_WAITS} RETURNING 1"


@dataclass(frozen=True, slots=True, order=True)
class _Handle:
    queue: str
    n: int
    holder: str


class PostgresQueue(Queue):
    """Messages in the order of their numbers, in the same schema as a state store would have."""

    capabilities = frozenset(
        {Capability.SHARED, Capability.DURABLE, Capability.DEPTH, Capability.PURGE}
    )

    def __init__(self, target: Target) -> None:
        self._pool = Pool(target)
        self._sql = Statements(target.schema)
        self._look_s = LOOK_S if target.notify else LOOK_UNCALLED_S
        self._caller = Caller(self._pool, f"{target.schema}.messages") if target.notify else None
        self._listener = Listener(target, f"{target.schema}.messages")
        self._receiver = uuid.uuid4().hex
        self._holds = False
        migrating.migrate(self._pool, target.schema)

    def _ask(self, statement: str, **values: object) -> list[Row]:
        with self._pool.use() as connection:
            cursor = connection.execute(self._sql.of(statement), values, binary=True)
            return cursor.fetchall() if cursor.description else []

    def publish(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        queues = [storable(message.queue) for message in messages]
        self._ask(_PUBLISH, queues=queues, bodies=[message.body for message in messages])
        if self._caller is not None:
            self._caller.call(queues)

    def receive(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        deadline = time.monotonic() + timeout_s
        names = list(dict.fromkeys(storable(queue) for queue in queues))
        self._listener.attend()
        while True:
            if found := self._take(names, limit):
                return found
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return []
            if self._listener.wait(names, min(self._look_s, left_s)) == "wake":
                return []

    def _take(self, queues: Sequence[str], limit: int) -> list[Delivery]:
        # A name of its own for each call, so that a late acknowledge cannot hit the next delivery.
        holder = f"{self._receiver}-{uuid.uuid4().hex}"
        rows = self._ask(_RECEIVE, queues=queues, limit=limit, lease_s=LEASE_S, holder=holder)
        self._holds = self._holds or bool(rows)
        return [
            Delivery(bytes(body), queue, _Handle(queue, n, holder), f"postgres-{n}")
            for n, queue, body in sorted(rows)
        ]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            self._ask(_ACKNOWLEDGE, **_handles(deliveries))

    def release(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            self._ask(_RELEASE, **_handles(deliveries))
            if self._caller is not None:
                self._caller.call(delivery.queue for delivery in deliveries)

    def depth(self, queue: str) -> int:
        ((waiting,),) = self._ask(_DEPTH, queue=storable(queue))
        return int(waiting)

    def purge(self, queue: str) -> int:
        with self._pool.use(LONG_ANSWER_S) as connection:
            values = {"queue": storable(queue)}
            return len(connection.execute(self._sql.of(_PURGE), values).fetchall())

    def wake(self) -> None:
        self._listener.wake()

    def close(self) -> None:
        if self._holds:
            self._holds = False
            with suppress(BackendError):  # then the leases end by themselves
                self._ask(_RELEASE_ALL, receiver=self._receiver)
        if self._caller is not None:
            self._caller.close()
        self._listener.close()
        self._pool.close()


def _handles(deliveries: Sequence[Delivery]) -> dict[str, object]:
    """Return the handles of deliveries as arrays, in one order for all who lock these rows."""
    handles = sorted({one.handle for one in deliveries if isinstance(one.handle, _Handle)})
    return {
        "queues": [handle.queue for handle in handles],
        "numbers": [handle.n for handle in handles],
        "holders": [handle.holder for handle in handles],
    }
